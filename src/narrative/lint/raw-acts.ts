import { isTable, type Path, type TomlTable, type TomlValue } from '../../toml/toml.js';
import { narrativeTableAliases } from '../schema/file-schema.js';

/** A table of settings, and its key path in the narrative. */
export interface RawTable {
  table: TomlTable;
  keyPath: Path;
}

/** An act as written in the file. `table` is empty if the act is a string or an array of strings. */
export interface RawAct extends RawTable {
  name: string;
  /**
   * The strings as written, with their key paths: the act's string, the strings of its array, its `prompt`, or the
   * `content` of its inputs. A string may be a reference, such as `media.logo`.
   */
  promptStrings: { text: string; keyPath: Path }[];
}

/** Returns the table `[narrative]`, which older files call `[narration]` or `[metadata]`. */
export function readRawNarrativeTable(file: TomlTable): RawTable {
  const key = narrativeTableAliases.find((name) => isTable(file[name])) ?? 'narrative';
  const table = file[key];
  return { table: isTable(table) ? table : {}, keyPath: [key] };
}

/**
 * Returns all acts in the order of the file, except that acts whose names are whole numbers come first, as in every
 * JavaScript object.
 */
export function readRawActs(file: TomlTable): RawAct[] {
  const rawActs: RawAct[] = [];
  const acts = isTable(file.acts) ? file.acts : {};
  for (const name in acts) {
    const value = acts[name];
    const keyPath = ['acts', name];
    rawActs.push({
      name,
      keyPath,
      table: isTable(value) ? value : {},
      promptStrings: readPromptStrings(value, keyPath),
    });
  }
  return rawActs;
}

function readPromptStrings(act: TomlValue | undefined, keyPath: Path): RawAct['promptStrings'] {
  const strings: RawAct['promptStrings'] = [];
  if (typeof act === 'string') strings.push({ text: act, keyPath });
  else if (Array.isArray(act)) {
    act.forEach((text, index) => {
      if (typeof text === 'string') strings.push({ text, keyPath: [...keyPath, index] });
    });
  } else if (isTable(act) && typeof act.prompt === 'string')
    strings.push({ text: act.prompt, keyPath: [...keyPath, 'prompt'] });
  else if (isTable(act) && Array.isArray(act.input)) {
    act.input.forEach((input, index) => {
      if (!isTable(input) || typeof input.content !== 'string') return;
      strings.push({ text: input.content, keyPath: [...keyPath, 'input', index, 'content'] });
    });
  }
  return strings;
}
