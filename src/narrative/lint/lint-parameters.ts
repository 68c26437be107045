import { acceptsThinking, type ModelFacts } from '../../facts/model-facts.js';
import { builtInModels } from '../../facts/models.js';
import { type ReportProblem, warningAt } from '../../toml/problem.js';
import { describePath, isTable, quote, type TomlValue } from '../../toml/toml.js';
import { stripModelPrefix } from '../../util/model-name.js';
import type { RawTable } from './raw-acts.js';

/** A model and what is known about it. */
interface KnownModel {
  name: string;
  facts: ModelFacts;
}

/** A rule about one setting. `describe` says what is wrong with a value for a model, without naming the setting. */
interface ParameterRule {
  rule: string;
  describe: (value: TomlValue, model: KnownModel) => string | undefined;
}

const samplingRule: ParameterRule = {
  rule: 'ignored-sampling',
  describe: (_value, { name, facts }) => (facts.ignoresSampling ? `has no effect on ${name}` : undefined),
};

const parameterRules: Readonly<Record<string, ParameterRule>> = {
  thinking: { rule: 'unsupported-thinking', describe: describeThinking },
  max_tokens: { rule: 'tokens-above-limit', describe: describeMaxTokens },
  image: { rule: 'unsupported-image', describe: describeImage },
  temperature: samplingRule,
  top_p: samplingRule,
  top_k: samplingRule,
};

/**
 * Warns about settings that an act's model rejects or ignores. A setting of the narrative is checked once with the
 * narrative's model, and again for each act that has a model of its own.
 */
export function lintParameters(narrativeTable: RawTable, acts: readonly RawTable[], report: ReportProblem): void {
  for (const [key, rule] of Object.entries(parameterRules)) {
    for (const table of [narrativeTable, ...acts]) lintParameter(key, rule, table, narrativeTable, report);
  }
}

function lintParameter(
  key: string,
  { rule, describe }: ParameterRule,
  { table, keyPath }: RawTable,
  narrativeTable: RawTable,
  report: ReportProblem,
): void {
  const isOwnValue = table[key] !== undefined;
  // If an act inherits both the setting and the model, the problem is reported once, for the narrative.
  if (!isOwnValue && table.model === undefined) return;
  const value = table[key] ?? narrativeTable.table[key];
  if (value === undefined) return;
  const model = getKnownModel(table.model ?? narrativeTable.table.model);
  const message = model && describe(value, model);
  if (message === undefined) return;
  const settingPath = [...(isOwnValue ? keyPath : narrativeTable.keyPath), key];
  const reportedPath = isOwnValue ? settingPath : [...keyPath, 'model'];
  report(warningAt(rule, reportedPath, `${describePath(settingPath)} ${message}`, { target: 'value' }));
}

function describeThinking(value: TomlValue, { name, facts }: KnownModel): string | undefined {
  // lint-live-models.ts reports any "thinking" for a model whose amount of thinking is fixed.
  if (facts.hasFixedThinking || (typeof value !== 'string' && typeof value !== 'number')) return undefined;
  if (acceptsThinking(facts, value)) return undefined;
  const levels = facts.thinkingLevels?.map(quote).join(', ') ?? '';
  const accepted = levels === '' ? 'which accepts only a number of tokens' : `whose levels are ${levels}`;
  return `is ${typeof value === 'string' ? quote(value) : value}, which is not supported by ${name}, ${accepted}`;
}

function describeImage(value: TomlValue, { name, facts }: KnownModel): string | undefined {
  if (!isTable(value)) return undefined;
  if (!facts.outputsImages) return `has no effect on ${name}, which does not draw`;
  const { imageAspectRatios, imageSizes } = facts;
  const fields = [
    { key: 'aspect_ratio', accepted: imageAspectRatios, noun: 'aspect ratios' },
    { key: 'size', accepted: imageSizes, noun: 'sizes' },
  ];
  const found = fields.find(({ key, accepted }) => isUnsupported(value[key], accepted));
  if (!found) return undefined;
  const accepted = found.accepted?.map(quote).join(', ');
  return `has the ${found.key} ${quote(String(value[found.key]))}, which is not supported by ${name}, whose ${found.noun} are ${accepted}`;
}

function isUnsupported(value: TomlValue | undefined, accepted: readonly string[] | undefined): boolean {
  return typeof value === 'string' && accepted !== undefined && !accepted.includes(value);
}

function describeMaxTokens(value: TomlValue, { name, facts: { maxOutputTokens } }: KnownModel): string | undefined {
  if (typeof value !== 'number' || maxOutputTokens === undefined || value <= maxOutputTokens) return undefined;
  return `is ${value}, but a reply of ${name} has at most ${maxOutputTokens} tokens`;
}

function getKnownModel(model: TomlValue | undefined): KnownModel | undefined {
  if (typeof model !== 'string') return undefined;
  const name = stripModelPrefix(model);
  const facts = builtInModels.get(name);
  return facts && { name, facts };
}
