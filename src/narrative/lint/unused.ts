import { type Report, warning } from '../../toml/fault.js';
import { isTable, quoted, type TomlTable } from '../../toml/toml.js';
import { stringsIn } from '../parse/written-acts.js';

/** Media that no act shows. */
export function adviseOnUnusedMedia({ media, acts }: TomlTable, report: Report): void {
  if (!isTable(media)) return;
  const used = new Set(stringsIn(acts));
  for (const name in media) {
    if (used.has(`media.${name}`)) continue;
    report(warning('unused-media', ['media', name], `no act uses the medium ${quoted(name)}`));
  }
}

/** Variables that neither the file's texts nor the narratives in it use. */
export function adviseOnUnusedVars({ vars }: TomlTable, used: ReadonlySet<string>, report: Report): void {
  if (!isTable(vars)) return;
  for (const name in vars) {
    if (!used.has(name)) report(warning('unused-var', ['vars', name], `no text uses {{vars.${name}}}`));
  }
}
