import type { GenerationParameters } from '../../driver/request.js';
import { thinkingLevels } from '../../facts/model-facts.js';
import { harmCategories, harmThresholds } from '../../facts/requests.js';
import { parseServiceTier, type ServiceTier } from '../../facts/service-tiers.js';
import { toolNames } from '../../facts/tools.js';
import { errorAt, type ReportProblem } from '../../toml/problem.js';
import { describePath, isTable, type Path, quote, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { isValidModelName, stripModelPrefix } from '../../util/model-name.js';
import type { ActContext } from '../narrative.js';
import { readMediaResolution } from './read-media.js';

/** The settings of the whole narrative, or of one act. */
export interface ActSettings {
  model?: string;
  system?: string;
  fallback?: readonly string[];
  context?: ActContext;
  serviceTiers?: readonly ServiceTier[];
  parameters: GenerationParameters;
}

/** Reads the settings in a table. Values of the wrong type are left out: `checkShape` reports them. */
export function readActSettings(table: TomlTable, keyPath: Path, report: ReportProblem): ActSettings {
  const { model, system, fallback, context } = table;
  const settings: ActSettings = { parameters: readParameters(table) };
  if (typeof model === 'string') settings.model = readModelName(model, [...keyPath, 'model'], report);
  if (typeof system === 'string') settings.system = system;
  if (Array.isArray(fallback)) {
    const names = fallback.filter((name) => typeof name === 'string');
    settings.fallback = names.map((name, index) => readModelName(name, [...keyPath, 'fallback', index], report));
  }
  if (Array.isArray(context)) settings.context = context.filter((name) => typeof name === 'string');
  else if (context === 'full' || context === 'previous' || context === 'none') settings.context = context;
  const serviceTiers = readServiceTiers(table.service_tier);
  if (serviceTiers) settings.serviceTiers = serviceTiers;
  return settings;
}

/** Reads one tier or a list of tiers. A tier that the list repeats counts once. */
function readServiceTiers(value: TomlValue | undefined): readonly ServiceTier[] | undefined {
  if (value === undefined) return undefined;
  const list = Array.isArray(value) ? value : [value];
  return [...new Set(list.flatMap((name) => parseServiceTier(name) ?? []))];
}

function readParameters(table: TomlTable): GenerationParameters {
  const { temperature, max_tokens: maxTokens, top_p: topP, top_k: topK, seed, stop } = table;
  const safety = readSafety(table.safety);
  // Assignment is faster than spreading, which matters for a folder with thousands of acts.
  const parameters: GenerationParameters = {};
  if (typeof temperature === 'number') parameters.temperature = temperature;
  if (typeof maxTokens === 'number') parameters.maxTokens = maxTokens;
  if (typeof topP === 'number') parameters.topP = topP;
  if (typeof topK === 'number') parameters.topK = topK;
  if (typeof seed === 'number') parameters.seed = seed;
  if (Array.isArray(stop)) parameters.stop = stop.filter((text) => typeof text === 'string');
  const thinking =
    typeof table.thinking === 'number' ? table.thinking : thinkingLevels.find((level) => level === table.thinking);
  if (thinking !== undefined) parameters.thinking = thinking;
  if (safety) parameters.safety = safety;
  const image = readPictureShape(table.image);
  if (image) parameters.image = image;
  const { tools } = table;
  // An empty list is kept, because it overrides the tools of the narrative.
  if (Array.isArray(tools)) parameters.tools = toolNames.filter((name) => tools.includes(name));
  const mediaResolution = readMediaResolution(table);
  if (mediaResolution) parameters.mediaResolution = mediaResolution;
  return parameters;
}

function readPictureShape(value: TomlValue | undefined): GenerationParameters['image'] {
  if (!isTable(value)) return undefined;
  const { aspect_ratio: aspectRatio, size } = value;
  return {
    ...(typeof aspectRatio === 'string' && { aspectRatio }),
    ...(typeof size === 'string' && { size }),
  };
}

/** Returns the thresholds by Gemini's category names. */
function readSafety(value: TomlValue | undefined): GenerationParameters['safety'] {
  if (!isTable(value)) return undefined;
  const thresholds: Readonly<Record<string, string>> = harmThresholds;
  return Object.fromEntries(
    Object.entries(harmCategories).flatMap(([category, name]) => {
      const threshold = value[category];
      const isKnown = typeof threshold === 'string' && Object.hasOwn(thresholds, threshold);
      return isKnown ? [[name, thresholds[threshold] as string]] : [];
    }),
  );
}

function readModelName(name: string, keyPath: Path, report: ReportProblem): string {
  if (!isValidModelName(name)) {
    const message = `${describePath(keyPath)} is ${quote(name)}, which is not a valid model name`;
    report(errorAt('model-name', keyPath, message));
  }
  return stripModelPrefix(name);
}
