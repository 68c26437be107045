import type { GenerationParameters } from '../../driver/request.js';
import { errorAt, type ReportProblem } from '../../toml/problem.js';
import { describePath, type Path, quote, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { isValidModelName, stripModelPrefix } from '../../util/model-name.js';
import type { ActContext } from '../narrative.js';
import { readParameters } from './read-parameters.js';

/** How a model shall answer: of the whole narrative, or of one act. */
export interface ActSettings {
  model?: string;
  system?: string;
  fallback?: readonly string[];
  context?: ActContext;
  parameters: GenerationParameters;
}

/** The settings in a table. What is of a wrong type is left out: the schema has reported it. */
export function readActSettings(table: TomlTable, path: Path, report: ReportProblem): ActSettings {
  const { model, system, fallback } = table;
  const settings: ActSettings = { parameters: readParameters(table) };
  if (typeof model === 'string') settings.model = readModelName(model, [...path, 'model'], report);
  if (typeof system === 'string') settings.system = system;
  if (Array.isArray(fallback)) {
    const names = fallback.filter((name) => typeof name === 'string');
    settings.fallback = names.map((name, index) => readModelName(name, [...path, 'fallback', index], report));
  }
  const context = readContext(table.context);
  if (context) settings.context = context;
  return settings;
}

function readModelName(name: string, path: Path, report: ReportProblem): string {
  if (!isValidModelName(name)) {
    const message = `${describePath(path)} is ${quote(name)}, which can't be the name of a model`;
    report(errorAt('model-name', path, message));
  }
  return stripModelPrefix(name);
}

function readContext(value: TomlValue | undefined): ActContext | undefined {
  if (Array.isArray(value)) return value.filter((name) => typeof name === 'string');
  return value === 'full' || value === 'previous' || value === 'none' ? value : undefined;
}
