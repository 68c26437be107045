import { jsonOf } from '../terminal/json-replies.js';
import { runDocument, runMarkdown } from '../terminal/run-document.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';
import { recordedRun } from './recorded.js';
import { writing } from './writing.js';

/** The flags of `boticelli runs export`. */
export interface ExportOptions {
  format: 'json' | 'markdown';
}

/** `boticelli runs export`: prints a run as a document. */
export function exportRun(id: string, { format }: ExportOptions, host: Host): Promise<Failure | undefined> {
  return writing(host, async (output) => {
    const { run, acts } = await recordedRun(id, host);
    output.write(format === 'json' ? `${jsonOf(runDocument(run, acts), 2)}\n` : runMarkdown(run, acts));
  });
}
