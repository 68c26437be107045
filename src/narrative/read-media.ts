import type { MediaKind } from '../driver/request.js';
import { type Fault, fault } from '../toml/fault.js';
import { isTable, type Path, quoted, type TomlTable, type TomlValue, tableWords, valueWords } from '../toml/toml.js';
import { loadMedia, type MediaSource } from './load-media.js';
import type { MediaInput } from './narrative.js';

/** Media by what acts call them: `media.<name>`. Those that could not be read are there too, as undefined. */
export type NamedMedia = ReadonlyMap<string, MediaInput | undefined>;

/** A table that describes a medium, and what it is read with. */
export interface MediaTable {
  table: TomlTable;
  path: Path;
  /** What it has to be, as its `type` says. */
  kind?: MediaKind;
  /** The folder that relative paths start from. */
  folder: string;
  report: (fault: Fault) => void;
}

const sources = ['file', 'url', 'base64'] as const;

/** Reads the medium that a table describes. What is wrong with it is reported, and there is none then. */
export async function readMedia(described: MediaTable): Promise<MediaInput | undefined> {
  const key = onlyOne(sources, described);
  return key && readFrom(key, described);
}

async function readFrom(
  key: (typeof sources)[number],
  { table, path, kind, folder, report }: MediaTable,
): Promise<MediaInput | undefined> {
  const given = table[key];
  if (typeof given !== 'string') return undefined;
  const at = [...path, key];
  const mime = typeof table.mime === 'string' ? table.mime : undefined;
  const described = {
    ...{ source: { [key]: given } as MediaSource, kind, folder },
    ...(key !== 'file' && { words: valueWords(at) }),
  };
  const loaded = await loadMedia({ ...described, mime });
  if ('media' in loaded) return loaded.media;
  const { rule, message, about } = loaded.problem;
  if (about === 'source') {
    report(fault(rule, at, message));
    return undefined;
  }
  const mimePath = [...path, 'mime'];
  report(fault(rule, mimePath, message.replace('"mime"', valueWords(mimePath))));
  // What it is was refused already; whether it is there is told at once too.
  const without = await loadMedia(described);
  if ('problem' in without && without.problem.rule !== 'media-type') {
    report(fault(without.problem.rule, at, without.problem.message));
  }
  return undefined;
}

/** The medium that an input shows: its own, or one of `[media]` by `ref`. */
export async function readMediaInput(
  input: MediaTable & { kind: MediaKind; media: NamedMedia },
): Promise<MediaInput | undefined> {
  const { table, path, kind, media, report } = input;
  const key = onlyOne([...sources, 'ref'], input);
  if (key === undefined) return undefined;
  if (key !== 'ref') return readFrom(key, input);
  if (onlyOne(['ref', 'mime'], input) === undefined || typeof table.ref !== 'string') return undefined;
  const at = [...path, 'ref'];
  const medium = mediumNamed(table.ref, at, media, report);
  if (!medium || medium.type === 'media' || medium.type === kind) return withKind(medium, kind);
  report(fault('media-type', at, `${quoted(table.ref)} is of type ${quoted(medium.type)}, not ${quoted(kind)}`));
  return undefined;
}

/** What stands at an address has to be what the input says, once it is fetched. */
function withKind(medium: MediaInput | undefined, kind: MediaKind): MediaInput | undefined {
  if (medium?.content.from !== 'address') return medium;
  return { ...medium, type: kind, content: { ...medium.content, kind } };
}

/** The medium of a name such as `media.logo`. */
export function mediumNamed(
  name: string,
  path: Path,
  media: NamedMedia,
  report: MediaTable['report'],
): MediaInput | undefined {
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
}: Pick<MediaTable, 'folder' | 'report'> & { media: TomlValue | undefined }): Promise<NamedMedia> {
  const named = new Map<string, MediaInput | undefined>();
  for (const [name, table] of Object.entries(isTable(media) ? media : {})) {
    const path = ['media', name];
    if (name.trim() === '') context.report(fault('empty-name', path, 'a medium has an empty name', { target: 'key' }));
    named.set(`media.${name}`, isTable(table) ? await readMedia({ table, path, ...context }) : undefined);
  }
  return named;
}
