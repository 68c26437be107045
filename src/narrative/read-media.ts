import type { MediaKind } from '../driver/request.js';
import { statedTypeProblem } from '../media/judge-media.js';
import { kindOfType, usualType } from '../media/media-types.js';
import { type Fault, fault } from '../toml/fault.js';
import { isTable, type Path, quoted, type TomlTable, type TomlValue, tableWords, valueWords } from '../toml/toml.js';
import { loadMedia } from './load-media.js';
import type { MediaInput, MediaSource, MediaTemplate } from './narrative.js';

/** Media by what acts call them: `media.<name>`. Those that could not be read are there too, as undefined. */
export type NamedMedia = ReadonlyMap<string, MediaInput | MediaTemplate | undefined>;

/** A medium whose name is filled, and where it stands. */
export interface MediaPlace {
  template: MediaTemplate & { loaded: Map<string, MediaInput> };
  path: Path;
  /** The one of `[media]` that it is by `ref`: what is wrong with that one is told there. */
  base?: MediaTemplate;
}

/** A table that describes a medium, and what it is read with. */
export interface MediaTable {
  table: TomlTable;
  path: Path;
  /** What it has to be, as its `type` says. */
  kind?: MediaKind;
  /** The folder that relative paths start from. */
  folder: string;
  /** Whether names in braces mean something. */
  templates: boolean;
  report: (fault: Fault) => void;
  /** Hears of every medium whose name has braces in it. */
  onTemplate: (place: MediaPlace) => void;
}

const sources = ['file', 'url', 'base64'] as const;

/** Reads the medium that a table describes. What is wrong with it is reported, and there is none then. */
export async function readMedia(described: MediaTable): Promise<MediaInput | MediaTemplate | undefined> {
  const key = onlyOne(sources, described);
  return key && readFrom(key, described);
}

async function readFrom(
  key: (typeof sources)[number],
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

/** The medium that an input shows: its own, or one of `[media]` by `ref`. */
export async function readMediaInput(
  input: MediaTable & { kind: MediaKind; media: NamedMedia },
): Promise<MediaInput | MediaTemplate | undefined> {
  const { table, path, media, report } = input;
  const key = onlyOne([...sources, 'ref'], input);
  if (key === undefined) return undefined;
  if (key !== 'ref') return readFrom(key, input);
  if (onlyOne(['ref', 'mime'], input) === undefined || typeof table.ref !== 'string') return undefined;
  const medium = mediumNamed(table.ref, [...path, 'ref'], media, report);
  return medium && ofKind(medium, table.ref, input);
}

/** One of `[media]` as an input of some kind shows it. */
function ofKind(
  medium: MediaInput | MediaTemplate,
  ref: string,
  { kind, path, report, onTemplate }: MediaTable & { kind: MediaKind },
): MediaInput | MediaTemplate | undefined {
  const at = [...path, 'ref'];
  const type = knownType(medium);
  if (type !== undefined && type !== kind) {
    report(fault('media-type', at, `${quoted(ref)} is of type ${quoted(type)}, not ${quoted(kind)}`));
    return undefined;
  }
  if (medium.type === 'media-template') {
    const template = { ...medium, described: { ...medium.described, kind }, loaded: new Map() };
    onTemplate({ template, path: at, base: medium });
    return template;
  }
  // What stands at an address has to be what the input says, once it is fetched.
  return medium.content.from === 'address' ? { ...medium, type: kind, content: { ...medium.content, kind } } : medium;
}

/** The kind that a medium is of, as far as that can be known before it is fetched or filled. */
function knownType(medium: MediaInput | MediaTemplate): MediaKind | undefined {
  if (medium.type === 'media') return undefined;
  if (medium.type !== 'media-template') return medium.type;
  const { mime } = medium.described;
  return mime === undefined ? undefined : kindOfType(usualType(mime));
}

/** The medium of a name such as `media.logo`. */
export function mediumNamed(
  name: string,
  path: Path,
  media: NamedMedia,
  report: MediaTable['report'],
): MediaInput | MediaTemplate | undefined {
  if (media.has(name)) return media.get(name);
  const message = `${quoted(name)} is none of the media that [media] defines`;
  // By `ref` people leave out what is plain to them.
  const misnamed = { name: media.has(`media.${name}`) ? `media.${name}` : name, known: media.keys() };
  report(fault('unknown-media', path, message, { misnamed }));
  return undefined;
}

/** The one key of several that a table has, with a value of any type; undefined, and reported, where that is not so. */
function onlyOne<Key extends string>(keys: readonly Key[], { table, path, report }: MediaTable): Key | undefined {
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

/** Reads all of `[media]`. */
export async function readNamedMedia({
  media,
  ...context
}: Omit<MediaTable, 'table' | 'path' | 'kind'> & { media: TomlValue | undefined }): Promise<NamedMedia> {
  const named = new Map<string, MediaInput | MediaTemplate | undefined>();
  for (const [name, table] of Object.entries(isTable(media) ? media : {})) {
    const path = ['media', name];
    if (name.trim() === '') context.report(fault('empty-name', path, 'a medium has an empty name', { target: 'key' }));
    named.set(`media.${name}`, isTable(table) ? await readMedia({ table, path, ...context }) : undefined);
  }
  return named;
}
