import { Ajv2020 } from 'ajv/dist/2020.js';
import { checkShape } from '../../src/narrative/check/check-shape.js';
import { createNarrativeJsonSchema } from '../../src/narrative/schema/narrative-json-schema.js';
import type { Diagnostic } from '../../src/toml/diagnostic.js';
import { readToml } from '../../src/toml/read-toml.js';

// With strictTypes, Ajv would warn on standard error that a value in `[vars]` may have several types.
const validate = new Ajv2020({ strictTypes: false }).compile(createNarrativeJsonSchema());

/** Whether the JSON Schema of `boticelli schema` accepts a file. */
export function schemaAccepts(table: unknown): boolean {
  return validate(table);
}

/**
 * Asserts that the JSON Schema of `boticelli schema` agrees with `check`: it must reject files with unknown, missing
 * or conflicting keys, or with wrong types or values, and accept all others. Called for every narrative that a test
 * checks.
 */
export function assertSchemaAgrees(source: string | Uint8Array, diagnostics: readonly Diagnostic[]): void {
  const parsed = readToml(Buffer.from(source));
  if (!parsed.ok) return;
  // The JSON Schema expresses that one of several keys is required, or that two keys exclude each other. `checkShape`
  // can't, because it uses zod. `check` reports such files with the following rules.
  const choiceRules = ['missing-table', 'conflicting-tables', 'missing-key', 'conflicting-keys'];
  const isWellFormed =
    checkShape(parsed.table).length === 0 && !diagnostics.some(({ rule }) => choiceRules.includes(rule));
  if (schemaAccepts(parsed.table) === isWellFormed) return;
  const problems = JSON.stringify(validate.errors?.map(({ instancePath, message }) => [instancePath, message]));
  throw new Error(
    `check and the JSON Schema disagree: ${isWellFormed ? problems : 'the schema accepts what check rejects'}`,
  );
}
