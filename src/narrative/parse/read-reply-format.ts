import { resolve } from 'node:path';
import type { GenerationParameters } from '../../driver/request.js';
import { decodeText } from '../../toml/decode-text.js';
import { errorAt, type Problem, type ReportProblem } from '../../toml/problem.js';
import { describePath, isTable, type Path, quote, type TomlTable } from '../../toml/toml.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import { compileSchema, type JsonSchema, type SchemaProblem } from '../schema/json-schema.js';
import { convertTomlToJson } from './toml-to-json.js';

/** A schema is written by hand; ten megabytes are something else. */
const maxSchemaBytes = 10_000_000;

/** The table of an act, and what is needed to read the file that it may name. */
export interface ReplyFormatSource {
  table: TomlTable;
  path: Path;
  /** The folder that relative paths start from. */
  folder: string;
  report: ReportProblem;
}

/** Whether an act's table says what the reply is to be. */
export function hasReplyFormat({ format, schema }: TomlTable): boolean {
  return format !== undefined || schema !== undefined;
}

/** What an act's reply is to be: nothing for text, else JSON, with its schema if it has one. */
export async function readReplyFormat(
  source: ReplyFormatSource,
): Promise<Pick<GenerationParameters, 'format' | 'schema'>> {
  const { table, path, report } = source;
  const schemaPath = [...path, 'schema'];
  if (table.schema !== undefined && (table.format === undefined || table.format === 'text')) {
    report(
      errorAt('schema-without-json', schemaPath, `${describePath(schemaPath)} needs format = "json" beside it`, {
        target: 'key',
      }),
    );
  }
  const schema = await readSchema(source, schemaPath);
  return { ...(table.format === 'json' && { format: 'json' }), ...(schema && { schema }) };
}

async function readSchema(
  { table, folder, report }: ReplyFormatSource,
  schemaPath: Path,
): Promise<JsonSchema | undefined> {
  const { schema: value } = table;
  const isFile = typeof value === 'string';
  const schema = isFile
    ? await readSchemaFile({ file: value, folder, schemaPath, report })
    : isTable(value) && convertTomlToJson(value, schemaPath, report);
  if (!schema) return undefined;
  const compiled = await compileSchema(schema as JsonSchema);
  if (!('problem' in compiled)) return schema as JsonSchema;
  report(
    isFile
      ? createSchemaFileProblem(compiled.problem, value, schemaPath)
      : createSchemaTableProblem(compiled.problem, schemaPath, schema),
  );
  return undefined;
}

async function readSchemaFile({
  file,
  folder,
  schemaPath,
  report,
}: Omit<ReplyFormatSource, 'table' | 'path'> & { file: string; schemaPath: Path }): Promise<object | undefined> {
  if (file.trim() === '') {
    report(errorAt('schema-not-found', schemaPath, 'the name of the file is empty'));
    return undefined;
  }
  const content = readRegularFile(resolve(folder, file), maxSchemaBytes);
  if ('problem' in content) {
    report(errorAt('schema-not-found', schemaPath, `the file ${quote(file)} ${content.problem.message}`));
    return undefined;
  }
  const { text } = decodeText(content.bytes);
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
    report(errorAt('bad-schema', schemaPath, `the file ${quote(file)} holds no JSON Schema: it must be an object`));
  } catch (thrown) {
    report(
      errorAt(
        'bad-schema',
        schemaPath,
        `the file ${quote(file)} is no JSON: ${formatSyntaxError(thrown as Error, text)}`,
      ),
    );
  }
  return undefined;
}

/** V8 tells a position, or some of the text around it; a person looks for a line. */
function formatSyntaxError({ message }: Error, text: string): string {
  const offset = /position (\d+)/.exec(message)?.[1];
  const cleanMessage = message.replace(/ in JSON at position.*$/s, '').replaceAll(/\s+/g, ' ');
  if (offset === undefined) return cleanMessage;
  const lines = text.slice(0, Number(offset)).split('\n');
  return `${cleanMessage} in line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

function createSchemaFileProblem({ pointer, message }: SchemaProblem, file: string, path: Path): Problem {
  const subject = pointer.length === 0 ? 'it' : `/${pointer.join('/')}`;
  return errorAt('bad-schema', path, `the JSON Schema in ${quote(file)} is none: ${subject} ${message}`);
}

function createSchemaTableProblem({ pointer, message, suggest }: SchemaProblem, path: Path, schema: object): Problem {
  let current: unknown = schema;
  const steps = pointer.map((step) => {
    const inArray = Array.isArray(current);
    current = (current as Record<string, unknown> | undefined)?.[step];
    return inArray ? Number(step) : step;
  });
  const problemPath = [...path, ...steps];
  return errorAt('bad-schema', problemPath, `${describePath(problemPath)} ${message}`, { ...(suggest && { suggest }) });
}
