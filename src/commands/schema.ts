import type { Failure } from '../cli/failure.js';
import type { CliProcess } from '../cli/process.js';
import { withAbortableOutput } from '../cli/with-output.js';
import { createNarrativeJsonSchema } from '../narrative/schema/narrative-json-schema.js';
import { stringifyJson } from '../terminal/replies/json.js';

/** `boticelli schema`: prints the JSON Schema of a narrative file, for editors. */
export function printSchema(proc: CliProcess): Promise<Failure | undefined> {
  return withAbortableOutput(proc, async (output) => {
    output.write(`${stringifyJson(createNarrativeJsonSchema(), 2)}\n`);
    return undefined;
  });
}
