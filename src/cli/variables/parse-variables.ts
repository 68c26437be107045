import { BoticelliError } from '../../errors.js';
import { decodeText } from '../../toml/decode-text.js';
import { formatLocation } from '../../toml/diagnostic.js';
import { readToml } from '../../toml/read-toml.js';
import { describeType, type TomlValue } from '../../toml/toml.js';
import { describeJsonError, isRecord, parseJsonWithBigints } from '../../util/json.js';

type Variables = ReadonlyMap<string, string>;

/** Reads the variables of a JSON file. @throws BoticelliError `invalid_narrative` */
export function parseJsonVariables(file: string, bytes: Uint8Array): Variables {
  const { text } = decodeText(bytes);
  let json: unknown;
  try {
    json = parseJsonWithBigints(text);
  } catch (thrown) {
    const { reason, line, column } = describeJsonError(thrown as Error, text);
    throw createFileError(`${file}:${line}:${column}: not valid JSON: ${reason}`);
  }
  if (isRecord(json)) return toVariables(file, json);
  throw createFileError(`${file}:1:1: the file must contain a JSON object, not ${describeJson(json)}`);
}

/** Reads the variables of a TOML file. @throws BoticelliError `invalid_narrative` */
export async function parseTomlVariables(file: string, bytes: Uint8Array): Promise<Variables> {
  const parsed = readToml(bytes);
  if (parsed.ok) return toVariables(file, parsed.table);
  const diagnostic = await parsed.diagnose();
  throw createFileError(`${formatLocation(file, diagnostic)}${diagnostic.message}`);
}

function createFileError(message: string): BoticelliError {
  return new BoticelliError('invalid_narrative', message, { hint: 'Fix the file of --vars; nothing was sent.' });
}

function describeJson(json: unknown): string {
  return json === null ? 'null' : describeType(json as TomlValue);
}

/** Converts values to text: strings as they are, null to an empty text, dates to ISO 8601, lists and tables to JSON. */
function toVariables(file: string, values: Readonly<Record<string, unknown>>): Variables {
  return new Map(
    Object.entries(values).map(([name, value]) => {
      try {
        return [name, toText(value)];
      } catch (thrown) {
        if (!(thrown instanceof RangeError)) throw thrown;
        throw createFileError(`${file}: the value of ${JSON.stringify(name)} is nested too deeply`);
      }
    }),
  );
}

function toText(value: unknown): string {
  if (value === null) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' ? value : toJson(value);
}

function toJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (isRecord(value)) {
    return `{${Object.entries(value)
      .map(([key, entry]) => `${JSON.stringify(key)}:${toJson(entry)}`)
      .join(',')}}`;
  }
  // Not JSON.stringify: it throws for a bigint (an integer beyond 2^53), and writes the infinities of TOML as null.
  return String(value);
}
