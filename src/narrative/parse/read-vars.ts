import { isTable, type TomlValue } from '../../toml/toml.js';

/** Reads `[vars]`: numbers and booleans as text. What is of another type the schema has reported. */
export function readVars(vars: TomlValue | undefined): ReadonlyMap<string, string> {
  const read = new Map<string, string>();
  if (!isTable(vars)) return read;
  for (const name in vars) read.set(name, typeof vars[name] === 'object' ? '' : String(vars[name]));
  return read;
}
