import { Ajv, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** As JSON Schema demands, unknown keywords are allowed and (since 2019-09) `format` is only an annotation. */
const ajvOptions: Options = { strict: false, allErrors: true, logger: false, validateFormats: false };

/**
 * Creates the validator for a dialect, which is the `$schema` of a schema. Returns undefined for an unknown dialect.
 * ajv is loaded only if a narrative has a schema. This file imports it statically and is itself imported dynamically,
 * because esbuild finds the named exports of a CommonJS package only through static imports.
 */
export function createAjv(dialect: unknown): Ajv | undefined {
  if (dialect === undefined || /2020-12/.test(String(dialect))) return new Ajv2020(ajvOptions);
  return /draft-07/.test(String(dialect)) ? new Ajv(ajvOptions) : undefined;
}
