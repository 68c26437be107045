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
import { describeJsonError, isRecord } from '../../util/json.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import { findOutsideProblem } from '../allowed-folder.js';
import { describeSchemaProblem, type JsonSchema, type SchemaProblem, validateSchema } from '../schema/json-schema.js';
import type { MediaReadOptions } from './read-media.js';

/** The maximum size of a schema file. Schemas are written by hand, so a larger file is a mistake. */
const maxSchemaBytes = 10_000_000;

/** The folder that a schema file is relative to, and the only folder from which files may be read, if there is one. */
type FileLocation = Pick<MediaReadOptions, 'folder' | 'allowedFolder'>;

/** Reads the reply format of an act. It is empty for text, and otherwise JSON with an optional schema. */
export async function readReplyFormat(
  { format, schema: value }: TomlTable,
  actPath: Path,
  location: FileLocation,
  report: ReportProblem,
): Promise<Pick<GenerationParameters, 'format' | 'schema'>> {
  const keyPath = [...actPath, 'schema'];
  if (value !== undefined && (format === undefined || format === 'text')) {
    const message = `${describePath(keyPath)} requires format = "json"`;
    report(errorAt('schema-without-json', keyPath, message, { target: 'key' }));
  }
  const schema = await readActSchema(value, keyPath, location, report);
  return { ...(format === 'json' && { format }), ...(schema && { schema }) };
}

async function readActSchema(
  value: TomlValue | undefined,
  keyPath: Path,
  location: FileLocation,
  report: ReportProblem,
): Promise<JsonSchema | undefined> {
  const isFile = typeof value === 'string';
  const schema = isFile
    ? readSchemaFile(value, keyPath, location, report)
    : isTable(value) && convertTomlToJson(value, keyPath, report);
  if (!schema) return undefined;
  const schemaResult = await validateSchema(schema);
  if (schemaResult.ok) return schema;
  const { problem } = schemaResult;
  if (!isFile) report(createSchemaTableProblem(problem, keyPath, schema));
  else report(errorAt('bad-schema', keyPath, `${quote(value)} is ${describeSchemaProblem(problem)}`));
  return undefined;
}

function readSchemaFile(
  file: string,
  keyPath: Path,
  { folder, allowedFolder }: FileLocation,
  report: ReportProblem,
): JsonSchema | undefined {
  if (file.trim() === '') return void report(errorAt('schema-not-found', keyPath, 'the file name is empty'));
  const filePath = resolve(folder, file);
  const outsideProblem = findOutsideProblem(filePath, `the file ${quote(file)}`, allowedFolder);
  if (outsideProblem !== undefined) return void report(errorAt('outside-folder', keyPath, outsideProblem));
  const content = readRegularFile(filePath, maxSchemaBytes);
  if (!content.ok) {
    return void report(errorAt('schema-not-found', keyPath, `the file ${quote(file)} ${content.problem.message}`));
  }
  const { text } = decodeText(content.bytes);
  try {
    const json: unknown = JSON.parse(text);
    if (isRecord(json)) return json;
    report(errorAt('bad-schema', keyPath, `${quote(file)} is not a valid JSON Schema: it must be an object`));
  } catch (thrown) {
    const { reason, line, column } = describeJsonError(thrown as Error, text);
    report(
      errorAt(
        'bad-schema',
        keyPath,
        `the file ${quote(file)} is not valid JSON: ${reason} in line ${line}, column ${column}`,
      ),
    );
  }
  return undefined;
}

function createSchemaTableProblem(
  { pathInSchema, message, suggestionQuery }: SchemaProblem,
  keyPath: Path,
  schema: JsonSchema,
): Problem {
  let current: unknown = schema;
  const steps = pathInSchema.map((step) => {
    const inArray = Array.isArray(current);
    current = (current as Record<string, unknown> | undefined)?.[step];
    return inArray ? Number(step) : step;
  });
  const problemPath = [...keyPath, ...steps];
  return errorAt('bad-schema', problemPath, `${describePath(problemPath)} ${message}`, {
    ...(suggestionQuery && { suggestionQuery }),
  });
}

/**
 * The maximum depth of a value in a schema that the narrative contains as a TOML table. The depth is counted from the
 * top of the narrative file. Real schemas are far less deep, and the stack allows far more.
 */
const maxTableDepth = 100;

/** Converts a table to a JSON object. Values without a JSON equivalent are reported, and the result is undefined. */
function convertTomlToJson(table: TomlTable, keyPath: Path, report: ReportProblem): JsonSchema | undefined {
  const problems: Problem[] = [];
  const json = convertValue(table, keyPath, (problem) => void problems.push(problem));
  // Only the first problem is reported, because a schema may have thousands, for example in a long array of dates.
  if (problems[0]) report(problems[0]);
  return problems.length === 0 ? (json as JsonSchema) : undefined;
}

function convertValue(value: TomlValue, keyPath: Path, report: ReportProblem): unknown {
  if (keyPath.length > maxTableDepth) {
    const tablePath = keyPath.slice(0, 3); // acts.<name>.schema
    return void report(errorAt('bad-schema', tablePath, `${describePath(tablePath)} is nested too deeply`));
  }
  if (Array.isArray(value)) return value.map((element, index) => convertValue(element, [...keyPath, index], report));
  if (isTable(value)) {
    // `fromEntries` is used because an assignment to the key `__proto__` would set the prototype.
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, convertValue(entry, [...keyPath, key], report)]),
    );
  }
  if (value instanceof Date || typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
    const description = value instanceof Date ? describeType(value) : `the number ${value}`;
    report(errorAt('bad-schema', keyPath, `${describePath(keyPath)} is ${description}, which JSON can't represent`));
  }
  return value;
}
