import { isTable, type Path, type TomlTable, type TomlValue } from '../../toml/toml.js';

/** A table that may have settings, and where it stands. */
export interface WrittenTable {
  table: TomlTable;
  path: Path;
}

/** An act as the file has it. Its table is empty where it is a string or an array of strings. */
export interface WrittenAct extends WrittenTable {
  name: string;
  /** Its texts, and the names of media among them, with their places. */
  texts: { text: string; path: Path }[];
}

/** `[narrative]`, or `[narration]`, its older name, and where it stands. */
export function writtenHeader(file: TomlTable): WrittenTable {
  const key = isTable(file.narrative) ? 'narrative' : 'narration';
  const table = file[key];
  return { table: isTable(table) ? table : {}, path: [key] };
}

/** All acts of a file, in its order. */
export function writtenActs(file: TomlTable): WrittenAct[] {
  const written: WrittenAct[] = [];
  const acts = isTable(file.acts) ? file.acts : {};
  for (const name in acts) {
    const value = acts[name];
    const path = ['acts', name];
    written.push({ name, path, table: isTable(value) ? value : {}, texts: textsOf(value, path) });
  }
  return written;
}

function textsOf(act: TomlValue | undefined, path: Path): WrittenAct['texts'] {
  const texts: WrittenAct['texts'] = [];
  if (typeof act === 'string') texts.push({ text: act, path });
  else if (Array.isArray(act)) {
    act.forEach((text, at) => {
      if (typeof text === 'string') texts.push({ text, path: [...path, at] });
    });
  } else if (isTable(act) && Array.isArray(act.input)) {
    act.input.forEach((input, at) => {
      if (!isTable(input) || typeof input.content !== 'string') return;
      texts.push({ text: input.content, path: [...path, 'input', at, 'content'] });
    });
  }
  return texts;
}

/** Every string in a value, wherever in it. */
export function stringsIn(value: TomlValue | undefined): string[] {
  const strings: string[] = [];
  const pending = [value];
  for (const each of pending) {
    if (typeof each === 'string') strings.push(each);
    else if (Array.isArray(each)) for (const element of each) pending.push(element);
    else if (isTable(each)) for (const key in each) pending.push(each[key]);
  }
  return strings;
}
