import { isTable, type TomlValue } from '../toml/toml.js';

/** Reads `[vars]`: numbers and booleans as text. What is of another type is left out: the schema has reported it. */
export function readVars(vars: TomlValue | undefined): ReadonlyMap<string, string> {
  const written = Object.entries(isTable(vars) ? vars : {}).filter(([, value]) => typeof value !== 'object');
  return new Map(written.map(([name, value]) => [name, String(value)]));
}
