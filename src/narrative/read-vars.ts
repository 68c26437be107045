import { isTable, type TomlValue } from '../toml/toml.js';

/** Reads `[vars]`: numbers and booleans as text. What is of another type the schema has reported. */
export function readVars(vars: TomlValue | undefined): ReadonlyMap<string, string> {
  const written = Object.entries(isTable(vars) ? vars : {});
  return new Map(written.map(([name, value]) => [name, typeof value === 'object' ? '' : String(value)]));
}
