import type { GenerationParameters } from '../../driver/request.js';
import { fault, type Report } from '../../toml/fault.js';
import { type Path, quoted, type TomlTable, type TomlValue, valueWords } from '../../toml/toml.js';
import { isModelName, plainModelName } from '../model-name.js';
import type { ActContext } from '../narrative.js';
import { readParameters } from './read-parameters.js';

/** How a model shall answer: of the whole narrative, or of one act. */
export interface Settings {
  model?: string;
  system?: string;
  fallback?: readonly string[];
  context?: ActContext;
  parameters: GenerationParameters;
}

/** The settings in a table. What is of a wrong type is left out: the schema has reported it. */
export function readSettings(table: TomlTable, path: Path, report: Report): Settings {
  const { model, system, fallback } = table;
  const settings: Settings = { parameters: readParameters(table) };
  if (typeof model === 'string') settings.model = modelNamed(model, [...path, 'model'], report);
  if (typeof system === 'string') settings.system = system;
  if (Array.isArray(fallback)) {
    const names = fallback.filter((name) => typeof name === 'string');
    settings.fallback = names.map((name, at) => modelNamed(name, [...path, 'fallback', at], report));
  }
  const context = contextOf(table.context);
  if (context) settings.context = context;
  return settings;
}

function modelNamed(name: string, path: Path, report: Report): string {
  if (!isModelName(name)) {
    const message = `${valueWords(path)} is ${quoted(name)}, which can't be the name of a model`;
    report(fault('model-name', path, message));
  }
  return plainModelName(name);
}

function contextOf(value: TomlValue | undefined): ActContext | undefined {
  if (Array.isArray(value)) return value.filter((name) => typeof name === 'string');
  return value === 'full' || value === 'previous' || value === 'none' ? value : undefined;
}
