import type { MediaKind } from '../../driver/request.js';
import { type MediaResolution, mediaResolutions } from '../../facts/media.js';
import { checkDeclaredType } from '../../media/resolve-media-type.js';
import { errorAt, type Problem, type ReportProblem } from '../../toml/problem.js';
import { describePath, formatTableHeader, type Path, quote, type TomlTable } from '../../toml/toml.js';
import type { FileConfinement, MediaInput, MediaSource, MediaTemplate } from '../narrative.js';
import { loadMedia } from './load-media.js';

/** Media with placeholders in its name, and its path in the narrative. */
export interface LocatedMediaTemplate {
  template: MediaTemplate & { loaded: Map<string, MediaInput> };
  path: Path;
  /** The entry of `[media]` that `ref` names, if any. Problems of the entry are reported at the entry itself. */
  namedTemplate?: MediaTemplate;
}

/** Options for reading media. */
export interface MediaReadOptions {
  /** The folder that paths are relative to. */
  folder: string;
  /** Default: any file may be read. */
  confinement?: FileConfinement | undefined;
  /** Whether placeholders are filled. */
  fillsPlaceholders: boolean;
  report: ReportProblem;
  /** Receives all media with placeholders in the name. */
  onTemplate: (located: LocatedMediaTemplate) => void;
  /** Receives tasks that read a file or load a library. They run one after another, after all synchronous work. */
  defer: (task: () => Promise<void>) => void;
}

/** A table that describes media, and the options for reading it. */
export interface MediaReadRequest extends MediaReadOptions {
  table: TomlTable;
  path: Path;
  /** The kind that the media must have, from the `type` of the table. */
  kind?: MediaKind;
}

/** The keys that name the source of media. */
export const mediaSourceKeys = ['file', 'url', 'base64'] as const;

/** Reads the media that a table describes. If there is a problem, reports it and resolves to undefined. */
export async function readMedia(request: MediaReadRequest): Promise<MediaInput | MediaTemplate | undefined> {
  const key = pickOnlyKey(mediaSourceKeys, request);
  return key && readMediaFrom(key, request);
}

/** Reads media from one of its source keys. */
export async function readMediaFrom(
  key: (typeof mediaSourceKeys)[number],
  request: MediaReadRequest,
): Promise<MediaInput | MediaTemplate | undefined> {
  const { table, path, kind, folder, confinement, fillsPlaceholders, report } = request;
  const value = table[key];
  if (typeof value !== 'string') return undefined;
  if (fillsPlaceholders && key !== 'base64' && value.includes('{{')) return createMediaTemplate(key, value, request);
  const sourcePath = [...path, key];
  const mime = getMime(table);
  const label = key === 'file' ? undefined : describePath(sourcePath);
  const mediaResolution = readMediaResolution(table);
  const spec = { source: { [key]: value } as MediaSource, kind, folder, confinement, label, mediaResolution };
  const result = await loadMedia({ ...spec, mime });
  if (result.ok) return result.media;
  const { rule, message, about } = result.problem;
  if (about === 'source') return void report(errorAt(rule, sourcePath, message));
  report(createMimeProblem(message, path));
  // The declared type is wrong. The source is read without it, so that a missing source is reported too.
  const withoutMime = await loadMedia(spec);
  if (!withoutMime.ok && withoutMime.problem.rule !== 'media-type') {
    report(errorAt(withoutMime.problem.rule, sourcePath, withoutMime.problem.message));
  }
  return undefined;
}

/** Returns the resolution in a table of settings or of a medium. The schema check reports other values. */
export function readMediaResolution({ media_resolution: value }: TomlTable): MediaResolution | undefined {
  return mediaResolutions.find((resolution) => resolution === value);
}

function getMime({ mime }: TomlTable): string | undefined {
  return typeof mime === 'string' ? mime : undefined;
}

function createMimeProblem(message: string, path: Path): Problem {
  const mimePath = [...path, 'mime'];
  return errorAt('media-type', mimePath, message.replace('"mime"', describePath(mimePath)));
}

/**
 * Creates media with placeholders in its name. The declared type is checked at once, because it has no placeholders.
 */
function createMediaTemplate(
  sourceKey: 'file' | 'url',
  text: string,
  { table, path, kind, folder, confinement, report, onTemplate }: MediaReadRequest,
): MediaTemplate {
  const sourcePath = [...path, sourceKey];
  const mime = getMime(table);
  const problem = mime === undefined ? undefined : checkDeclaredType(mime, kind);
  if (problem !== undefined) report(createMimeProblem(`"mime" ${problem}`, path));
  const label = sourceKey === 'url' ? describePath(sourcePath) : undefined;
  const spec = { mime, kind, folder, confinement, label, mediaResolution: readMediaResolution(table) };
  const template = { type: 'media-template', sourceKey, text, spec, loaded: new Map() } as const;
  onTemplate({ template, path: sourcePath });
  return template;
}

/**
 * Returns which one of the given keys a table has. If it has none or several of them, reports that and returns
 * undefined.
 */
export function pickOnlyKey<Key extends string>(
  keys: readonly Key[],
  { table, path, report }: MediaReadRequest,
): Key | undefined {
  const presentKeys = keys.filter((key) => table[key] !== undefined);
  if (presentKeys.length === 1) return presentKeys[0];
  const header = formatTableHeader(path);
  if (presentKeys.length === 0) {
    const message = `${header} has none of ${keys.map(quote).join(', ')}`;
    return void report(errorAt('missing-key', path, message, { target: 'key' }));
  }
  const list = `${presentKeys.slice(0, -1).map(quote).join(', ')} and ${quote(presentKeys.at(-1) ?? '')}`;
  const message = `${header} has ${presentKeys.length === 2 ? 'both ' : ''}${list}`;
  return void report(errorAt('conflicting-keys', path, message, { target: 'key' }));
}
