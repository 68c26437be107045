import { type Fault, fault, warning } from '../toml/fault.js';
import { isTable, quoted, type TomlTable, type TomlValue } from '../toml/toml.js';
import type { Act, Narrative } from './narrative.js';
import { readAct } from './read-act.js';
import { readNamedMedia } from './read-media.js';
import { readSettings } from './read-settings.js';

/**
 * Makes a narrative of a file's table and reads the media that it names. Beside the schema's, these are all the faults
 * that a file can have; the narrative is whole only if there is none of either.
 */
export async function narrativeOf(file: TomlTable, folder: string): Promise<{ narrative: Narrative; faults: Fault[] }> {
  const faults: Fault[] = [];
  const report = (found: Fault) => void faults.push(found);
  const { name, description, defaults } = readHeader(file, report);
  const media = await readNamedMedia({ media: file.media, folder, report });
  const acts = new Map<string, Act>();
  for (const [actName, value] of Object.entries(isTable(file.acts) ? file.acts : {})) {
    acts.set(actName, await readAct(actName, value, { defaults, media, folder, report }));
  }
  const order = isTable(file.toc) && isTable(file.acts) ? readOrder(file.toc.order, acts, report) : [];
  return { narrative: { name, ...(description !== undefined && { description }), acts: order }, faults };
}

/** Reads `[narrative]`, or `[narration]`, its older name. */
function readHeader(file: TomlTable, report: (fault: Fault) => void) {
  const key = file.narrative === undefined && file.narration !== undefined ? 'narration' : 'narrative';
  const table = file[key];
  if (table === undefined) report(fault('missing-table', [key], 'the file has no [narrative]'));
  if (file.narrative !== undefined && file.narration !== undefined) {
    const message = 'the file has both [narrative] and its older name [narration]';
    report(fault('conflicting-tables', ['narration'], message, { target: 'key' }));
  }
  if (!isTable(table)) return { name: '', description: undefined, defaults: {} };
  const { name, description } = table;
  if (typeof name === 'string' && name.trim() === '') {
    report(fault('empty-name', [key, 'name'], `the narrative's name is empty`));
  }
  return {
    name: typeof name === 'string' ? name : '',
    description: typeof description === 'string' ? description : undefined,
    defaults: readSettings(table, [key], report),
  };
}

/** The acts in the order in which they play. */
function readOrder(
  order: TomlValue | undefined,
  acts: ReadonlyMap<string, Act>,
  report: (fault: Fault) => void,
): Act[] {
  if (!Array.isArray(order)) return [];
  if (order.length === 0) {
    report(fault('empty-order', ['toc', 'order'], '"order" in [toc] is empty: no act would play'));
    return [];
  }
  const named = new Set(order);
  for (const name of acts.keys()) {
    if (!named.has(name))
      report(warning('unused-act', ['acts', name], `the order never names the act ${quoted(name)}`));
  }
  return order.flatMap((name, at) => {
    if (typeof name !== 'string') return [];
    const act = acts.get(name);
    if (act) return [act];
    const message = `the order names the act ${quoted(name)}, which does not exist`;
    report(fault('unknown-act', ['toc', 'order', at], message, { misnamed: { name, known: acts.keys() } }));
    return [];
  });
}
