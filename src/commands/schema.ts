import { schemaOfNarrativeFile } from '../narrative/schema-of-file.js';
import { jsonOf } from '../terminal/json-replies.js';
import type { Failure } from './failure.js';
import type { Host } from './host.js';
import { writingUntilEnded } from './writing.js';

/** `boticelli schema`: prints the JSON Schema of a narrative file, for editors. */
export function schema(host: Host): Promise<Failure | undefined> {
  return writingUntilEnded(host, async (output) => {
    output.write(`${jsonOf(schemaOfNarrativeFile(), 2)}\n`);
    return undefined;
  });
}
