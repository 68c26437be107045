import type { Failure } from '../../cli/failure.js';
import type { Host } from '../../cli/process.js';
import { writing } from '../../cli/with-output.js';
import { jsonOf } from '../../terminal/replies/json.js';
import { runDocument, runMarkdown } from '../../terminal/reports/run-document.js';
import { recordedRun } from './run-history.js';

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
