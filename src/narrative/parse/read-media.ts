import type { MediaKind } from '../../driver/request.js';
import { statedTypeProblem } from '../../media/judge-media.js';
import { type Fault, fault, type Report } from '../../toml/fault.js';
import { type Path, quoted, type TomlTable, tableWords, valueWords } from '../../toml/toml.js';
import type { MediaInput, MediaSource, MediaTemplate } from '../narrative.js';
import { loadMedia } from './load-media.js';

/** A medium whose name is filled, and where it stands. */
export interface MediaPlace {
  template: MediaTemplate & { loaded: Map<string, MediaInput> };
  path: Path;
  /** The one of `[media]` that it is by `ref`: what is wrong with that one is told there. */
  base?: MediaTemplate;
}

/** What media are read with. */
export interface MediaReading {
  /** The folder that relative paths start from. */
  folder: string;
  /** Whether names in braces mean something. */
  templates: boolean;
  report: Report;
  /** Hears of every medium whose name has braces in it. */
  onTemplate: (place: MediaPlace) => void;
  /** Hears of what has to wait for a disk or a library. It is done once all is read that is at hand, one after the other. */
  later: (task: () => Promise<void>) => void;
}

/** A table that describes a medium, and what it is read with. */
export interface MediaTable extends MediaReading {
  table: TomlTable;
  path: Path;
  /** What it has to be, as its `type` says. */
  kind?: MediaKind;
}

/** The keys that say where a medium is. */
export const mediaSources = ['file', 'url', 'base64'] as const;

/** Reads the medium that a table describes. What is wrong with it is reported, and there is none then. */
export async function readMedia(described: MediaTable): Promise<MediaInput | MediaTemplate | undefined> {
  const key = onlyOne(mediaSources, described);
  return key && readFrom(key, described);
}

/** Reads a medium from what one of its keys names. */
export async function readFrom(
  key: (typeof mediaSources)[number],
  described: MediaTable,
): Promise<MediaInput | MediaTemplate | undefined> {
  const { table, path, kind, folder, templates, report } = described;
  const given = table[key];
  if (typeof given !== 'string') return undefined;
  if (templates && key !== 'base64' && given.includes('{{')) return templateOf(key, given, described);
  const at = [...path, key];
  const mime = mimeOf(table);
  const medium = {
    ...{ source: { [key]: given } as MediaSource, kind, folder },
    ...(key !== 'file' && { words: valueWords(at) }),
  };
  const loaded = await loadMedia({ ...medium, mime });
  if ('media' in loaded) return loaded.media;
  const { rule, message, about } = loaded.problem;
  if (about === 'source') {
    report(fault(rule, at, message));
    return undefined;
  }
  report(mimeFault(message, path));
  // What it is was refused already; whether it is there is told at once too.
  const without = await loadMedia(medium);
  if ('problem' in without && without.problem.rule !== 'media-type') {
    report(fault(without.problem.rule, at, without.problem.message));
  }
  return undefined;
}

function mimeOf({ mime }: TomlTable): string | undefined {
  return typeof mime === 'string' ? mime : undefined;
}

function mimeFault(message: string, path: Path): Fault {
  const at = [...path, 'mime'];
  return fault('media-type', at, message.replace('"mime"', valueWords(at)));
}

/** A medium whose name is filled. What it states of its type is judged at once. */
function templateOf(
  names: 'file' | 'url',
  text: string,
  { table, path, kind, folder, report, onTemplate }: MediaTable,
): MediaTemplate {
  const at = [...path, names];
  const mime = mimeOf(table);
  const problem = mime === undefined ? undefined : statedTypeProblem(mime, kind);
  if (problem !== undefined) report(mimeFault(`"mime" ${problem}`, path));
  const described = { mime, kind, folder, ...(names === 'url' && { words: valueWords(at) }) };
  const template = { type: 'media-template', names, text, described, loaded: new Map() } as const;
  onTemplate({ template, path: at });
  return template;
}

/** The one key of several that a table has, with a value of any type; undefined, and reported, where that is not so. */
export function onlyOne<Key extends string>(
  keys: readonly Key[],
  { table, path, report }: MediaTable,
): Key | undefined {
  const given = keys.filter((key) => table[key] !== undefined);
  if (given.length === 1) return given[0];
  if (given.length > 1) {
    const names = given.map(quoted);
    const all =
      names.length === 2 ? `both ${names.join(' and ')}` : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
    report(fault('conflicting-keys', path, `${tableWords(path)} has ${all}`, { target: 'key' }));
  } else {
    const none = keys.map(quoted).join(', ');
    report(fault('missing-key', path, `${tableWords(path)} has none of ${none}`, { target: 'key' }));
  }
  return undefined;
}
