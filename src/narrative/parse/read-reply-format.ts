import { resolve } from 'node:path';
import type { GenerationParameters } from '../../driver/request.js';
import { type Fault, fault, type Report } from '../../toml/fault.js';
import { decodeText } from '../../toml/file-text.js';
import { isTable, type Path, quoted, type TomlTable, valueWords } from '../../toml/toml.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import { compileSchema, type JsonSchema, type SchemaProblem } from '../schema/json-schema.js';
import { jsonOfToml } from './json-of-toml.js';

/** A schema is written by hand; ten megabytes are something else. */
const mostBytes = 10_000_000;

/** The table of an act, and what is needed to read the file that it may name. */
export interface ReplyFormatSource {
  table: TomlTable;
  path: Path;
  /** The folder that relative paths start from. */
  folder: string;
  report: Report;
}

/** Whether an act's table says what the reply is to be. */
export function saysReply({ format, schema }: TomlTable): boolean {
  return format !== undefined || schema !== undefined;
}

/** What an act's reply is to be: nothing for text, else JSON, with its schema if it has one. */
export async function readReplyFormat(
  source: ReplyFormatSource,
): Promise<Pick<GenerationParameters, 'format' | 'schema'>> {
  const { table, path, report } = source;
  const at = [...path, 'schema'];
  if (table.schema !== undefined && (table.format === undefined || table.format === 'text')) {
    report(fault('schema-without-json', at, `${valueWords(at)} needs format = "json" beside it`, { target: 'key' }));
  }
  const schema = await readSchema(source, at);
  return { ...(table.format === 'json' && { format: 'json' }), ...(schema && { schema }) };
}

async function readSchema({ table, folder, report }: ReplyFormatSource, at: Path): Promise<JsonSchema | undefined> {
  const { schema: value } = table;
  const isFile = typeof value === 'string';
  const schema = isFile
    ? await schemaInFile({ file: value, folder, at, report })
    : isTable(value) && jsonOfToml(value, at, report);
  if (!schema) return undefined;
  const compiled = await compileSchema(schema as JsonSchema);
  if (!('problem' in compiled)) return schema as JsonSchema;
  report(isFile ? problemInFile(compiled.problem, value, at) : problemInTable(compiled.problem, at, schema));
  return undefined;
}

async function schemaInFile({
  file,
  folder,
  at,
  report,
}: Omit<ReplyFormatSource, 'table' | 'path'> & { file: string; at: Path }): Promise<object | undefined> {
  if (file.trim() === '') {
    report(fault('schema-not-found', at, 'the name of the file is empty'));
    return undefined;
  }
  const content = readRegularFile(resolve(folder, file), mostBytes);
  if ('problem' in content) {
    report(fault('schema-not-found', at, `the file ${quoted(file)} ${content.problem.words}`));
    return undefined;
  }
  const { text } = decodeText(content.bytes);
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
    report(fault('bad-schema', at, `the file ${quoted(file)} holds no JSON Schema: it must be an object`));
  } catch (thrown) {
    report(fault('bad-schema', at, `the file ${quoted(file)} is no JSON: ${syntaxWords(thrown as Error, text)}`));
  }
  return undefined;
}

/** V8 tells a position, or some of the text around it; a person looks for a line. */
function syntaxWords({ message }: Error, text: string): string {
  const before = /position (\d+)/.exec(message)?.[1];
  const words = message.replace(/ in JSON at position.*$/s, '').replaceAll(/\s+/g, ' ');
  if (before === undefined) return words;
  const lines = text.slice(0, Number(before)).split('\n');
  return `${words} in line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

function problemInFile({ at, words }: SchemaProblem, file: string, path: Path): Fault {
  const place = at.length === 0 ? 'it' : `/${at.join('/')}`;
  return fault('bad-schema', path, `the JSON Schema in ${quoted(file)} is none: ${place} ${words}`);
}

function problemInTable({ at, words, misnamed }: SchemaProblem, path: Path, schema: object): Fault {
  let holder: unknown = schema;
  const steps = at.map((step) => {
    const inArray = Array.isArray(holder);
    holder = (holder as Record<string, unknown> | undefined)?.[step];
    return inArray ? Number(step) : step;
  });
  const place = [...path, ...steps];
  return fault('bad-schema', place, `${valueWords(place)} ${words}`, { ...(misnamed && { misnamed }) });
}
