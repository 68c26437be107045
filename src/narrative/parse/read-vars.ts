import { isTable, type TomlValue } from '../../toml/toml.js';

/** Reads `[vars]`: numbers and booleans as text. What is of another type the schema has reported. */
export function readVars(vars: TomlValue | undefined): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (!isTable(vars)) return values;
  for (const name in vars) values.set(name, typeof vars[name] === 'object' ? '' : String(vars[name]));
  return values;
}
