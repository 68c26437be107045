import type { GenerationParameters } from '../driver/request.js';
import { type Fault, fault } from '../toml/fault.js';
import { type Path, quoted, type TomlTable, type TomlValue, valueWords } from '../toml/toml.js';
import { isModelName, plainModelName } from './model-name.js';
import type { ActContext } from './narrative.js';
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
export function readSettings(table: TomlTable, path: Path, report: (fault: Fault) => void): Settings {
  const { model, system } = table;
  const checkModel = (name: string, at: Path) => {
    if (isModelName(name)) return;
    report(fault('model-name', at, `${valueWords(at)} is ${quoted(name)}, which can't be the name of a model`));
  };
  if (typeof model === 'string') checkModel(model, [...path, 'model']);
  const fallback = Array.isArray(table.fallback)
    ? table.fallback.filter((name) => typeof name === 'string')
    : undefined;
  for (const [at, name] of (fallback ?? []).entries()) checkModel(name, [...path, 'fallback', at]);
  const context = contextOf(table.context);
  const settings: Settings = { parameters: readParameters(table) };
  if (typeof model === 'string') settings.model = plainModelName(model);
  if (typeof system === 'string') settings.system = system;
  if (fallback) settings.fallback = fallback.map(plainModelName);
  if (context) settings.context = context;
  return settings;
}

function contextOf(value: TomlValue | undefined): ActContext | undefined {
  if (Array.isArray(value)) return value.filter((name) => typeof name === 'string');
  return value === 'full' || value === 'previous' || value === 'none' ? value : undefined;
}
