import { knownModels, liveNames, notTakenLive } from '../../facts.js';
import { type Report, warning } from '../../toml/fault.js';
import { type TomlValue, valueWords } from '../../toml/toml.js';
import { plainModelName } from '../model-name.js';
import type { Act, Input } from '../narrative.js';
import type { WrittenAct, WrittenTable } from '../parse/written-acts.js';

/**
 * What the Live API does not take of an act whose model speaks nothing else: the act would fail when its turn comes, and those
 * before it were paid for. What is the narrative's own is told there, once.
 */
export function adviseOnLive(
  header: WrittenTable,
  acts: readonly WrittenAct[],
  played: readonly Act[],
  report: Report,
): void {
  const ofAll = liveModelNamed(header.table.model);
  if (ofAll !== undefined) adviseOnSettings(ofAll, header, header, report);
  const live = acts.flatMap((act) => {
    const model = act.table.model === undefined ? ofAll : liveModelNamed(act.table.model);
    return model === undefined ? [] : { act, model };
  });
  if (live.length === 0) return;
  const inputs = new Map(played.map((act) => [act.name, act.inputs]));
  for (const { act, model } of live) {
    adviseOnSettings(model, act, header, report);
    adviseOnInputs(model, act, inputs.get(act.name) ?? [], report);
  }
}

function adviseOnSettings(model: string, { table, path }: WrittenTable, header: WrittenTable, report: Report): void {
  if (table.format === 'json') {
    const [key, what] = table.schema === undefined ? ['format', 'told to write JSON'] : ['schema', 'given a schema'];
    report(
      warning('live-schema', [...path, key], `${isLive(model)}, which can't be ${what}: say it in the prompt too`),
    );
  }
  for (const { key, problem } of obstaclesFor(model)) {
    const value = table[key] ?? (table.model === undefined ? undefined : header.table[key]);
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const at = [...path, table[key] === undefined ? 'model' : key];
    report(warning('live-unsupported', at, `${isLive(model)}, ${problem}: the act would fail`));
  }
}

/** What a Live model can't do, and the keys that ask for it. */
function obstaclesFor(model: string): { key: string; problem: string }[] {
  const stop = { key: 'stop', problem: 'and the Live API has no stop sequences' };
  const thinking = { key: 'thinking', problem: "which can't be told how long to think" };
  return knownModels.get(model)?.thinksAsItLikes ? [stop, thinking] : [stop];
}

function adviseOnInputs(model: string, act: WrittenAct, inputs: readonly Input[], report: Report): void {
  for (const [at, input] of inputs.entries()) {
    if (!isForeign(input)) continue;
    const path = Array.isArray(act.table.input) ? [...act.path, 'input', at] : (act.texts[at]?.path ?? act.path);
    const message = `${isLive(model)}, which takes text, pictures and sound, and those as bytes: the act would fail`;
    report(warning('live-unsupported', path, `${valueWords(path)} can't be shown: ${message}`, { target: 'value' }));
  }
}

function isForeign(input: Input): boolean {
  if (input.type === 'text' || input.type === 'narrative') return false;
  const { kind, mime, isKeptElsewhere } =
    input.type === 'media-template'
      ? { ...input.described, isKeptElsewhere: false }
      : { kind: input.type, mime: input.mimeType, isKeptElsewhere: input.content.from === 'reference' };
  return isKeptElsewhere || kind === 'video' || kind === 'document' || notTakenLive.test(mime ?? '');
}

/** A model that speaks the Live API and nothing else, as far as the table of facts, or its name, tells. */
function liveModelNamed(written: TomlValue | undefined): string | undefined {
  if (typeof written !== 'string') return undefined;
  const model = plainModelName(written);
  const speaks = knownModels.get(model)?.speaks;
  return speaks === 'live' || (speaks === undefined && liveNames.test(model)) ? model : undefined;
}

function isLive(model: string): string {
  return `${model} is a Live model`;
}
