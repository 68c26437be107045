import { Ajv2020 } from 'ajv/dist/2020.js';
import { narrativeShapeFaults } from '../../src/narrative/check/check-shape.js';
import type { Diagnostic } from '../../src/narrative/diagnostic.js';
import { schemaOfNarrativeFile } from '../../src/narrative/schema/schema-of-file.js';
import { readToml } from '../../src/toml/read-toml.js';

// Ajv would remark on standard error that a variable may be of several types.
const validate = new Ajv2020({ strictTypes: false }).compile(schemaOfNarrativeFile());

/** Whether an editor that checks by `boticelli schema` would find nothing wrong with a file. */
export function editorAccepts(table: unknown): boolean {
  return validate(table);
}

/**
 * Every narrative that a test has checked is given to a JSON Schema validator too, with the schema that `boticelli schema`
 * prints: it must refuse those in which keys, types or ranges are wrong, and accept all others, whatever else is wrong.
 */
export async function assertInStep(source: string | Uint8Array, diagnostics: readonly Diagnostic[]): Promise<void> {
  const read = await readToml(Buffer.from(source));
  if ('fault' in read) return;
  // Which of several keys must be there is said by the reader, for want of a word in zod; JSON Schema has one.
  const choices = ['missing-table', 'conflicting-tables', 'missing-key', 'conflicting-keys'];
  const isWellFormed =
    narrativeShapeFaults(read.table).length === 0 && !diagnostics.some(({ rule }) => choices.includes(rule));
  if (editorAccepts(read.table) === isWellFormed) return;
  const problems = JSON.stringify(validate.errors?.map(({ instancePath, message }) => [instancePath, message]));
  throw new Error(`check and the JSON Schema are not in step: ${isWellFormed ? problems : 'the schema accepts it'}`);
}
