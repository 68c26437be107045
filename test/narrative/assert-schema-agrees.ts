import { Ajv2020 } from 'ajv/dist/2020.js';
import { checkShape } from '../../src/narrative/check/check-shape.js';
import type { Diagnostic } from '../../src/narrative/loaded-narrative.js';
import { createNarrativeJsonSchema } from '../../src/narrative/schema/narrative-json-schema.js';
import { readToml } from '../../src/toml/read-toml.js';

// Ajv would remark on standard error that a variable may be of several types.
const validate = new Ajv2020({ strictTypes: false }).compile(createNarrativeJsonSchema());

/** Whether an editor that checks by `boticelli schema` would find nothing wrong with a file. */
export function schemaAccepts(table: unknown): boolean {
  return validate(table);
}

/**
 * Every narrative that a test has checked is given to a JSON Schema validator too, with the schema that `boticelli schema`
 * prints: it must refuse those in which keys, types or ranges are wrong, and accept all others, whatever else is wrong.
 */
export async function assertSchemaAgrees(
  source: string | Uint8Array,
  diagnostics: readonly Diagnostic[],
): Promise<void> {
  const parsed = await readToml(Buffer.from(source));
  if ('diagnostic' in parsed) return;
  // Which of several keys must be there is said by the reader, for want of a word in zod; JSON Schema has one.
  const choices = ['missing-table', 'conflicting-tables', 'missing-key', 'conflicting-keys'];
  const isWellFormed = checkShape(parsed.table).length === 0 && !diagnostics.some(({ rule }) => choices.includes(rule));
  if (schemaAccepts(parsed.table) === isWellFormed) return;
  const problems = JSON.stringify(validate.errors?.map(({ instancePath, message }) => [instancePath, message]));
  throw new Error(`check and the JSON Schema are not in step: ${isWellFormed ? problems : 'the schema accepts it'}`);
}
