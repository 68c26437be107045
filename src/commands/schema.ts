import type { Failure } from '../cli/failure.js';
import type { Host } from '../cli/process.js';
import { writingUntilEnded } from '../cli/with-output.js';
import { schemaOfNarrativeFile } from '../narrative/schema/schema-of-file.js';
import { jsonOf } from '../terminal/replies/json.js';

/** `boticelli schema`: prints the JSON Schema of a narrative file, for editors. */
export function schema(host: Host): Promise<Failure | undefined> {
  return writingUntilEnded(host, async (output) => {
    output.write(`${jsonOf(schemaOfNarrativeFile(), 2)}\n`);
    return undefined;
  });
}
