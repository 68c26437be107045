import { type Fault, fault, type Report } from '../../toml/fault.js';
import { isTable, type Path, type TomlTable, type TomlValue, typeWords, valueWords } from '../../toml/toml.js';

/** How deep tables and arrays may stand in one another: far more than a person writes, and far less than a stack holds. */
const mostLevels = 100;

/** A table as a JSON object; what JSON has no word for is reported, and there is no object then. */
export function jsonOfToml(table: TomlTable, path: Path, report: Report): object | undefined {
  const faults: Fault[] = [];
  const json = converted(table, path, (found) => void faults.push(found));
  // One is enough: a thousand levels would have a fault each.
  if (faults[0]) report(faults[0]);
  return faults.length === 0 ? (json as object) : undefined;
}

function converted(value: TomlValue, path: Path, report: Report): unknown {
  if (path.length > mostLevels) {
    report(fault('bad-schema', path.slice(0, 3), `${valueWords(path.slice(0, 3))} is nested too deeply`));
    return undefined;
  }
  if (Array.isArray(value)) return value.map((element, at) => converted(element, [...path, at], report));
  if (isTable(value)) {
    // Not by assignment: a key may be called __proto__.
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, converted(inner, [...path, key], report)]),
    );
  }
  if (value instanceof Date || typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) {
    const words = value instanceof Date ? typeWords(value) : `the number ${value}`;
    report(fault('bad-schema', path, `${valueWords(path)} is ${words}, which JSON can't hold`));
  }
  return value;
}
