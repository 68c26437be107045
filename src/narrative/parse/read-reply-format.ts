import { resolve } from 'node:path';
import type { GenerationParameters } from '../../driver/request.js';
import { decodeText } from '../../toml/decode-text.js';
import { errorAt, type Problem, type ReportProblem } from '../../toml/problem.js';
import {
  describePath,
  describeType,
  isTable,
  type Path,
  quote,
  type TomlTable,
  type TomlValue,
} from '../../toml/toml.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import { compileSchema, type JsonSchema, type SchemaProblem } from '../schema/json-schema.js';

/** Schemas are written by hand; ten megabytes are a mistake. */
const maxSchemaBytes = 10_000_000;

/** The table of an act, and options for reading its schema file. */
export interface ReplyFormatSource {
  table: TomlTable;
  path: Path;
  /** The folder that paths are relative to. */
  folder: string;
  report: ReportProblem;
}

/** Whether an act's table has a reply format. */
export function hasReplyFormat({ format, schema }: TomlTable): boolean {
  return format !== undefined || schema !== undefined;
}

/** Reads the reply format of an act: empty for text, else JSON with an optional schema. */
export async function readReplyFormat(
  source: ReplyFormatSource,
): Promise<Pick<GenerationParameters, 'format' | 'schema'>> {
  const { table, path, report } = source;
  const schemaPath = [...path, 'schema'];
  if (table.schema !== undefined && (table.format === undefined || table.format === 'text')) {
    report(
      errorAt('schema-without-json', schemaPath, `${describePath(schemaPath)} requires format = "json"`, {
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
  if (compiled.ok) return schema as JsonSchema;
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
    report(errorAt('schema-not-found', schemaPath, 'the file name is empty'));
    return undefined;
  }
  const content = readRegularFile(resolve(folder, file), maxSchemaBytes);
  if (!content.ok) {
    report(errorAt('schema-not-found', schemaPath, `the file ${quote(file)} ${content.problem.message}`));
    return undefined;
  }
  const { text } = decodeText(content.bytes);
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
    report(errorAt('bad-schema', schemaPath, `${quote(file)} is not a valid JSON Schema: it must be an object`));
  } catch (thrown) {
    report(
      errorAt(
        'bad-schema',
        schemaPath,
        `the file ${quote(file)} is not valid JSON: ${formatSyntaxError(thrown as Error, text)}`,
      ),
    );
  }
  return undefined;
}

/** V8 reports a position or an excerpt. This converts a position to line and column. */
function formatSyntaxError({ message }: Error, text: string): string {
  const offset = /position (\d+)/.exec(message)?.[1];
  const cleanMessage = message.replace(/ in JSON at position.*$/s, '').replaceAll(/\s+/g, ' ');
  if (offset === undefined) return cleanMessage;
  const lines = text.slice(0, Number(offset)).split('\n');
  return `${cleanMessage} in line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

function createSchemaFileProblem({ pointer, message }: SchemaProblem, file: string, path: Path): Problem {
  const subject = pointer.length === 0 ? 'it' : `/${pointer.join('/')}`;
  return errorAt('bad-schema', path, `${quote(file)} is not a valid JSON Schema: ${subject} ${message}`);
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

/** The maximum nesting of a schema: far more than anyone writes, and far less than the stack allows. */
const maxDepth = 100;

/** Converts a table to a JSON object. Values without a JSON equivalent are reported, and the result is undefined. */
function convertTomlToJson(table: TomlTable, path: Path, report: ReportProblem): object | undefined {
  const problems: Problem[] = [];
  const json = convertValue(table, path, (problem) => void problems.push(problem));
  // One is enough: each of a thousand levels would have a problem.
  if (problems[0]) report(problems[0]);
  return problems.length === 0 ? (json as object) : undefined;
}

function convertValue(value: TomlValue, path: Path, report: ReportProblem): unknown {
  if (path.length > maxDepth) {
    report(errorAt('bad-schema', path.slice(0, 3), `${describePath(path.slice(0, 3))} is nested too deeply`));
    return undefined;
  }
  if (Array.isArray(value)) return value.map((element, index) => convertValue(element, [...path, index], report));
  if (isTable(value)) {
    // fromEntries, because an assignment to a key __proto__ would set the prototype.
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, convertValue(inner, [...path, key], report)]),
    );
  }
  if (value instanceof Date || typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
    const description = value instanceof Date ? describeType(value) : `the number ${value}`;
    report(errorAt('bad-schema', path, `${describePath(path)} is ${description}, which JSON can't represent`));
  }
  return value;
}
