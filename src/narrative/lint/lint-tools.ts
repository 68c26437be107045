import { rejectsPartResolution } from '../../facts/media.js';
import { liveModelNamePattern } from '../../facts/models.js';
import { rejectsToolsWithJson } from '../../facts/tools.js';
import { type ReportProblem, warningAt } from '../../toml/problem.js';
import { describePath, quote, type TomlValue } from '../../toml/toml.js';
import { stripModelPrefix } from '../../util/model-name.js';
import type { Act, Input } from '../narrative.js';
import type { RawAct, RawTable } from './raw-acts.js';

/**
 * Warns about two things that only some models reject: tools together with `format = "json"`, and a resolution that is
 * set for a single medium. Without the warning, the failure would appear only after earlier acts had been billed.
 */
export function lintTools(
  narrativeTable: RawTable,
  acts: readonly RawAct[],
  actsToRun: readonly Act[],
  report: ReportProblem,
): void {
  const actsWithResolution = new Set(
    actsToRun.filter(({ inputs }) => inputs.some(hasOwnResolution)).map(({ name }) => name),
  );
  for (const act of acts) {
    const model = getModelName(act.table.model ?? narrativeTable.table.model);
    if (model === undefined) continue;
    const tools = act.table.tools ?? narrativeTable.table.tools;
    if (act.table.format === 'json' && Array.isArray(tools) && tools.length > 0 && rejectsToolsWithJson(model)) {
      const keyPath = [...act.keyPath, 'format'];
      const message = `${describePath(keyPath)} is "json", which ${model} rejects together with tools; the act would fail`;
      report(warningAt('tools-with-json', keyPath, message, { target: 'value' }));
    }
    const isLive = liveModelNamePattern.test(model);
    if (!actsWithResolution.has(act.name) || !(isLive || rejectsPartResolution(model))) continue;
    const reason = isLive ? 'is a Live model, which has one resolution for all media' : 'rejects it';
    const message = `the act ${quote(act.name)} has a medium with its own "media_resolution", but ${model} ${reason}; set "media_resolution" for the act instead`;
    report(warningAt('own-resolution', act.keyPath, message, { target: 'key' }));
  }
}

function getModelName(model: TomlValue | undefined): string | undefined {
  return typeof model === 'string' ? stripModelPrefix(model) : undefined;
}

function hasOwnResolution(input: Input): boolean {
  if (input.type === 'text' || input.type === 'narrative') return false;
  return (input.type === 'media-template' ? input.spec.mediaResolution : input.mediaResolution) !== undefined;
}
