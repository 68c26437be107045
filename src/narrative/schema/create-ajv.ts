import { Ajv, type Options } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** Unknown words are allowed, as the standard has it, and `format` describes, as it does there since 2019. */
const ajvOptions: Options = { strict: false, allErrors: true, logger: false, validateFormats: false };

/**
 * The validator of a dialect, by a schema's `$schema`; undefined where it knows none. A file of its own, for it is loaded
 * only where a narrative has a schema: esbuild gives a CommonJS package's names to static imports alone.
 */
export function createAjv(dialect: unknown): Ajv | undefined {
  if (dialect === undefined || /2020-12/.test(String(dialect))) return new Ajv2020(ajvOptions);
  return /draft-07/.test(String(dialect)) ? new Ajv(ajvOptions) : undefined;
}
