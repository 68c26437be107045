import { asBoticelliError } from '../errors.js';
import { schemaOfNarrativeFile } from '../narrative/schema-of-file.js';
import { jsonOf } from '../terminal/json-replies.js';
import { createOutput } from '../terminal/output.js';
import { endingOf } from './ending.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';

/** `boticelli schema`: prints the JSON Schema of a narrative file, for editors. */
export async function schema(host: Host): Promise<Failure | undefined> {
  const ending = endingOf(host);
  try {
    const output = createOutput({ stream: host.stdout, onFailure: ending.outputFailed });
    output.write(`${jsonOf(schemaOfNarrativeFile(), 2)}\n`);
    await output.flushed();
    return ending.signal.aborted ? { error: asBoticelliError(ending.signal.reason) } : undefined;
  } finally {
    ending.release();
  }
}
