import type { MediaKind } from '../../driver/request.js';
import { checkDeclaredType } from '../../media/resolve-media-type.js';
import { errorAt, type Problem, type ReportProblem } from '../../toml/problem.js';
import { describePath, formatTableHeader, type Path, quote, type TomlTable } from '../../toml/toml.js';
import type { MediaInput, MediaSource, MediaTemplate } from '../narrative.js';
import { loadMedia } from './load-media.js';

/** A medium whose name is filled, and where it stands. */
export interface MediaTemplateEntry {
  template: MediaTemplate & { loaded: Map<string, MediaInput> };
  path: Path;
  /** The one of `[media]` that it is by `ref`: what is wrong with that one is told there. */
  base?: MediaTemplate;
}

/** What media are read with. */
export interface MediaReadOptions {
  /** The folder that relative paths start from. */
  folder: string;
  /** Whether names in braces mean something. */
  templates: boolean;
  report: ReportProblem;
  /** Hears of every medium whose name has braces in it. */
  onTemplate: (entry: MediaTemplateEntry) => void;
  /** Hears of what has to wait for a disk or a library. It is done once all is read that is at hand, one after the other. */
  defer: (task: () => Promise<void>) => void;
}

/** A table that describes a medium, and what it is read with. */
export interface MediaReadRequest extends MediaReadOptions {
  table: TomlTable;
  path: Path;
  /** What it has to be, as its `type` says. */
  kind?: MediaKind;
}

/** The keys that say where a medium is. */
export const mediaSourceKeys = ['file', 'url', 'base64'] as const;

/** Reads the medium that a table describes. What is wrong with it is reported, and there is none then. */
export async function readMedia(request: MediaReadRequest): Promise<MediaInput | MediaTemplate | undefined> {
  const key = pickOnlyKey(mediaSourceKeys, request);
  return key && readMediaFrom(key, request);
}

/** Reads a medium from what one of its keys names. */
export async function readMediaFrom(
  key: (typeof mediaSourceKeys)[number],
  request: MediaReadRequest,
): Promise<MediaInput | MediaTemplate | undefined> {
  const { table, path, kind, folder, templates, report } = request;
  const value = table[key];
  if (typeof value !== 'string') return undefined;
  if (templates && key !== 'base64' && value.includes('{{')) return createMediaTemplate(key, value, request);
  const sourcePath = [...path, key];
  const mime = getMime(table);
  const spec = {
    ...{ source: { [key]: value } as MediaSource, kind, folder },
    ...(key !== 'file' && { label: describePath(sourcePath) }),
  };
  const result = await loadMedia({ ...spec, mime });
  if ('media' in result) return result.media;
  const { rule, message, about } = result.problem;
  if (about === 'source') {
    report(errorAt(rule, sourcePath, message));
    return undefined;
  }
  report(createMimeProblem(message, path));
  // What it is was refused already; whether it is there is told at once too.
  const withoutMime = await loadMedia(spec);
  if ('problem' in withoutMime && withoutMime.problem.rule !== 'media-type') {
    report(errorAt(withoutMime.problem.rule, sourcePath, withoutMime.problem.message));
  }
  return undefined;
}

function getMime({ mime }: TomlTable): string | undefined {
  return typeof mime === 'string' ? mime : undefined;
}

function createMimeProblem(message: string, path: Path): Problem {
  const mimePath = [...path, 'mime'];
  return errorAt('media-type', mimePath, message.replace('"mime"', describePath(mimePath)));
}

/** A medium whose name is filled. What it states of its type is judged at once. */
function createMediaTemplate(
  sourceKey: 'file' | 'url',
  text: string,
  { table, path, kind, folder, report, onTemplate }: MediaReadRequest,
): MediaTemplate {
  const sourcePath = [...path, sourceKey];
  const mime = getMime(table);
  const problem = mime === undefined ? undefined : checkDeclaredType(mime, kind);
  if (problem !== undefined) report(createMimeProblem(`"mime" ${problem}`, path));
  const spec = { mime, kind, folder, ...(sourceKey === 'url' && { label: describePath(sourcePath) }) };
  const template = { type: 'media-template', sourceKey, text, spec, loaded: new Map() } as const;
  onTemplate({ template, path: sourcePath });
  return template;
}

/** The one key of several that a table has, with a value of any type; undefined, and reported, where that is not so. */
export function pickOnlyKey<Key extends string>(
  keys: readonly Key[],
  { table, path, report }: MediaReadRequest,
): Key | undefined {
  const presentKeys = keys.filter((key) => table[key] !== undefined);
  if (presentKeys.length === 1) return presentKeys[0];
  if (presentKeys.length > 1) {
    const quotedKeys = presentKeys.map(quote);
    const list =
      quotedKeys.length === 2
        ? `both ${quotedKeys.join(' and ')}`
        : `${quotedKeys.slice(0, -1).join(', ')} and ${quotedKeys.at(-1)}`;
    report(errorAt('conflicting-keys', path, `${formatTableHeader(path)} has ${list}`, { target: 'key' }));
  } else {
    const list = keys.map(quote).join(', ');
    report(errorAt('missing-key', path, `${formatTableHeader(path)} has none of ${list}`, { target: 'key' }));
  }
  return undefined;
}
