import { Ajv, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** Unknown keywords are allowed, as in the standard, and `format` is only an annotation, as in the standard since 2019. */
const ajvOptions: Options = { strict: false, allErrors: true, logger: false, validateFormats: false };

/**
 * Creates the validator of a dialect, by a schema's `$schema`; undefined for an unknown dialect. It is a file of its own,
 * because it is loaded only if a narrative has a schema, and esbuild resolves names of a CommonJS package only in static
 * imports.
 */
export function createAjv(dialect: unknown): Ajv | undefined {
  if (dialect === undefined || /2020-12/.test(String(dialect))) return new Ajv2020(ajvOptions);
  return /draft-07/.test(String(dialect)) ? new Ajv(ajvOptions) : undefined;
}
