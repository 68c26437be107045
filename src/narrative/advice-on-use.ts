import { type Fault, warning } from '../toml/fault.js';
import { isTable, quoted, type TomlTable, type TomlValue } from '../toml/toml.js';
import { stringsIn } from './written-acts.js';

/** Media that no act shows. */
export function unusedMediaAdvice({ media, acts }: TomlTable): Fault[] {
  const names = namesIn(media);
  if (names.length === 0) return [];
  const used = new Set(stringsIn(acts));
  return names
    .filter((name) => !used.has(`media.${name}`))
    .map((name) => warning('unused-media', ['media', name], `no act uses the medium ${quoted(name)}`));
}

/** Variables that neither the file's texts nor the narratives in it use. */
export function unusedVarAdvice({ vars }: TomlTable, used: ReadonlySet<string>): Fault[] {
  return namesIn(vars)
    .filter((name) => !used.has(name))
    .map((name) => warning('unused-var', ['vars', name], `no text uses {{vars.${name}}}`));
}

function namesIn(table: TomlValue | undefined): string[] {
  return isTable(table) ? Object.keys(table) : [];
}
