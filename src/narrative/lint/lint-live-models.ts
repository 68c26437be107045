import { liveUnsupportedMimePattern } from '../../facts/media.js';
import { builtInModels, liveModelNamePattern } from '../../facts/models.js';
import { liveTools, type ToolName } from '../../facts/tools.js';
import { type ReportProblem, warningAt } from '../../toml/problem.js';
import { describePath, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { stripModelPrefix } from '../../util/model-name.js';
import type { Act, Input } from '../narrative.js';
import type { RawAct, RawTable } from './raw-acts.js';

/**
 * Warns about settings and inputs that the Live API rejects or ignores, in acts with a Live model. Without the warning,
 * a rejection would appear only after earlier acts had been billed. A setting in `[narrative]` may be reported at
 * several places: at its own key if `[narrative]` names a Live model, and at the `model` of each act that names a Live
 * model and inherits the setting.
 * @param acts all acts of the file
 * @param actsToRun the parsed acts that `order` lists; inputs of other acts are not checked
 */
export function lintLiveModels(
  narrativeTable: RawTable,
  acts: readonly RawAct[],
  actsToRun: readonly Act[],
  report: ReportProblem,
): void {
  const narrativeModel = getLiveModel(narrativeTable.table.model);
  if (narrativeModel !== undefined) lintLiveSettings(narrativeModel, narrativeTable, narrativeTable, report);
  const liveActs = acts.flatMap((act) => {
    const model = act.table.model === undefined ? narrativeModel : getLiveModel(act.table.model);
    return model === undefined ? [] : { act, model };
  });
  if (liveActs.length === 0) return;
  const inputs = new Map(actsToRun.map((act) => [act.name, act.inputs]));
  for (const { act, model } of liveActs) {
    lintLiveSettings(model, act, narrativeTable, report);
    lintLiveInputs(model, act, inputs.get(act.name) ?? [], report);
  }
}

function lintLiveSettings(
  model: string,
  { table, keyPath }: RawTable,
  narrativeTable: RawTable,
  report: ReportProblem,
): void {
  if (table.format === 'json') {
    const [key, message] =
      table.schema === undefined
        ? ['format', 'which cannot be forced to reply in JSON; ask for JSON in the prompt as well']
        : ['schema', 'which cannot be forced to follow a schema; describe it in the prompt as well'];
    report(warningAt('live-schema', [...keyPath, key], `${model} is a Live model, ${message}`));
  }
  lintLiveServiceTier(model, { table, keyPath }, narrativeTable, report);
  const unsupported: Record<string, string> = { stop: 'and the Live API has no stop sequences' };
  if (builtInModels.get(model)?.hasFixedThinking) unsupported.thinking = 'whose thinking is not configurable';
  const inherited = getInheritedSettings(table, narrativeTable);
  const getValue = (key: string) => table[key] ?? inherited[key];
  const tools = getValue('tools');
  const tool = Array.isArray(tools) && tools.find((name) => !liveTools.includes(name as ToolName));
  if (tool) unsupported.tools = `and the Live API does not have the tool ${tool}`;
  for (const [key, reason] of Object.entries(unsupported)) {
    const value = getValue(key);
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    const reportedPath = [...keyPath, table[key] === undefined ? 'model' : key];
    report(warningAt('live-unsupported', reportedPath, `${model} is a Live model, ${reason}; the act would fail`));
  }
}

/**
 * Warns about a service tier, which has no effect: the Live API has no service tiers
 * (ai.google.dev/gemini-api/docs/flex-inference, read 2026-11-30).
 */
function lintLiveServiceTier(
  model: string,
  { table, keyPath }: RawTable,
  narrativeTable: RawTable,
  report: ReportProblem,
): void {
  const isOwnValue = table.service_tier !== undefined;
  if (!isOwnValue && getInheritedSettings(table, narrativeTable).service_tier === undefined) return;
  const message = `${model} is a Live model, on which service_tier has no effect`;
  report(warningAt('ignored-service-tier', [...keyPath, isOwnValue ? 'service_tier' : 'model'], message));
}

/**
 * Returns the settings that an act inherits from `[narrative]`; none if the act also inherits its model. In that case,
 * `[narrative]` names the Live model, and its settings are reported there.
 */
function getInheritedSettings(act: TomlTable, narrativeTable: RawTable): TomlTable {
  return act.model === undefined ? {} : narrativeTable.table;
}

function lintLiveInputs(model: string, act: RawAct, inputs: readonly Input[], report: ReportProblem): void {
  for (const [index, input] of inputs.entries()) {
    if (!isUnsupportedInput(input)) continue;
    // If the act has no list of inputs, each of its strings is one input.
    const listKey = ['input', 'media'].find((key) => Array.isArray(act.table[key]));
    const keyPath =
      listKey === undefined ? (act.promptStrings[index]?.keyPath ?? act.keyPath) : [...act.keyPath, listKey, index];
    const reason =
      'which accepts only text, images and audio, and no media that the service reads from a URL; the act would fail';
    const message = `${describePath(keyPath)} can't be sent: ${model} is a Live model, ${reason}`;
    report(warningAt('live-unsupported', keyPath, message, { target: 'value' }));
  }
}

function isUnsupportedInput(input: Input): boolean {
  if (input.type === 'text' || input.type === 'narrative') return false;
  const { kind, mime, isReadByService } =
    input.type === 'media-template'
      ? { ...input.spec, isReadByService: false }
      : { kind: input.type, mime: input.mimeType, isReadByService: input.content.from === 'url-for-service' };
  return isReadByService || kind === 'video' || kind === 'document' || liveUnsupportedMimePattern.test(mime ?? '');
}

/**
 * Returns the name of a model that supports only the Live API; undefined for any other model. A built-in model is
 * judged by its facts, any other model by its name.
 */
function getLiveModel(value: TomlValue | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  const model = stripModelPrefix(value);
  const api = builtInModels.get(model)?.api;
  return api === 'live' || (api === undefined && liveModelNamePattern.test(model)) ? model : undefined;
}
