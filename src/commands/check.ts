import { asBoticelliError, BoticelliError } from '../errors.js';
import type { LoadedNarrative } from '../narrative/diagnostic.js';
import { codeOfFaults } from '../narrative/load-narrative.js';
import { formatDiagnostic } from '../terminal/code-frame.js';
import { jsonOf } from '../terminal/json-replies.js';
import { createOutput } from '../terminal/output.js';
import { paintFor } from '../terminal/paint.js';
import { printableLine } from '../terminal/printable.js';
import { counted } from '../terminal/quantity.js';
import { endingOf } from './ending.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';
import { readNarrativeOf } from './read-faultless.js';
import { annotate } from './tell-faults.js';

/** The flags of `boticelli check`. */
export interface CheckOptions {
  format: 'text' | 'json';
}

/** `boticelli check`: says on standard output what is wrong with narratives, without a network or a key. */
export async function check(files: string[], { format }: CheckOptions, host: Host): Promise<Failure | undefined> {
  const ending = endingOf(host);
  try {
    const output = createOutput({ stream: host.stdout, onFailure: ending.outputFailed });
    const read: LoadedNarrative[] = [];
    for (const file of files) {
      const reading = readNarrativeOf(file, host, ending.signal);
      read.push(await reading.catch((thrown) => unreadable(file, thrown)));
    }
    if (format === 'json') output.write(`${jsonOf({ files: read.map(asJson) }, 2)}\n`);
    else output.write(await asText(read, host));
    if (format === 'text') for (const each of read) annotate(each, host);
    await output.flushed();
    if (ending.signal.aborted) return { error: asBoticelliError(ending.signal.reason) };
    const faulty = read.filter(({ narrative }) => !narrative);
    return faulty.length === 0 ? undefined : { error: faultsOf(faulty, files.length) };
  } finally {
    ending.release();
  }
}

/** One file that can't be read is no reason to say nothing of the others. */
function unreadable(file: string, thrown: unknown): LoadedNarrative {
  const { code, message } = asBoticelliError(thrown);
  if (code !== 'no_input') throw thrown;
  return { file, text: '', diagnostics: [{ severity: 'error', rule: 'unreadable', message }] };
}

function asJson({ file, narrative, diagnostics }: LoadedNarrative) {
  return {
    file,
    valid: narrative !== undefined,
    diagnostics: diagnostics.map(({ place, ...rest }) => ({ ...rest, ...place })),
  };
}

async function asText(read: LoadedNarrative[], host: Host): Promise<string> {
  const paint = await paintFor(host.stdout);
  const paragraphs = read.map(({ file, text, narrative, diagnostics }) => [
    ...diagnostics.flatMap((diagnostic) => formatDiagnostic(diagnostic, { file, text, paint })),
    ...(narrative ? [`${printableLine(file)}: ok, ${counted(narrative.acts.length, 'act')}`] : []),
  ]);
  return `${paragraphs.flat().join('\n')}\n`;
}

function faultsOf(faulty: LoadedNarrative[], all: number): BoticelliError {
  const code = codeOfFaults(faulty.flatMap(({ diagnostics }) => diagnostics));
  const what = all === 1 ? 'the narrative' : `${faulty.length} of ${all} narratives`;
  return new BoticelliError(code, `${what} can't be played`, { hint: 'Mend what is marked above.' });
}
