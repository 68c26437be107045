import { errorAt, type Problem, type ReportProblem } from '../../toml/problem.js';
import { describePath, describeType, isTable, type Path, type TomlTable, type TomlValue } from '../../toml/toml.js';

/** How deep tables and arrays may stand in one another: far more than a person writes, and far less than a stack holds. */
const maxDepth = 100;

/** A table as a JSON object; what JSON has no word for is reported, and there is no object then. */
export function convertTomlToJson(table: TomlTable, path: Path, report: ReportProblem): object | undefined {
  const problems: Problem[] = [];
  const json = convertValue(table, path, (problem) => void problems.push(problem));
  // One is enough: a thousand levels would have a fault each.
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
    // Not by assignment: a key may be called __proto__.
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, convertValue(inner, [...path, key], report)]),
    );
  }
  if (value instanceof Date || typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
    const description = value instanceof Date ? describeType(value) : `the number ${value}`;
    report(errorAt('bad-schema', path, `${describePath(path)} is ${description}, which JSON can't hold`));
  }
  return value;
}
