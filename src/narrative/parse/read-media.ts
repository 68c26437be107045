import type { MediaKind } from '../../driver/request.js';
import { type MediaResolution, mediaResolutions } from '../../facts/media.js';
import { checkDeclaredType } from '../../media/resolve-media-type.js';
import { errorAt, type Problem, type ReportProblem } from '../../toml/problem.js';
import { describePath, formatTableHeader, type Path, quote, type TomlTable } from '../../toml/toml.js';
import type { AllowedFolder, MediaInput, MediaSource, MediaTemplate } from '../narrative.js';
import { loadMedia } from './load-media.js';

/** Media whose `file` or `url` contains placeholders, and the key path of this `file` or `url`, or of the `ref`. */
export interface LocatedMediaTemplate {
  /** `checkMediaTemplates` fills `loaded`, so `loaded` is writable here. Its keys are the rendered `file` or `url`. */
  template: MediaTemplate & { loaded: Map<string, MediaInput> };
  keyPath: Path;
  /**
   * If the input refers to an entry of `[media]` by its key `ref`: the template of that entry. Problems of the entry
   * are reported at the entry itself.
   */
  entryTemplate?: MediaTemplate;
}

/** Options for reading media. */
export interface MediaReadOptions {
  /** The folder that paths are relative to. */
  folder: string;
  /**
   * Restricts reading to the files of one folder, and fetching to public addresses. Default: any file may be read, and
   * any URL fetched.
   */
  allowedFolder?: AllowedFolder | undefined;
  /**
   * Whether `{{…}}` is a placeholder, which a run fills. False if the narrative has `templates = false`: `{{` is then
   * plain text.
   */
  fillsPlaceholders: boolean;
  report: ReportProblem;
  /** Receives all media whose `file` or `url` contains placeholders. */
  onTemplate: (located: LocatedMediaTemplate) => void;
  /** Receives tasks that read a file or load a library. They run one after another, after all synchronous work. */
  defer: (task: () => Promise<void>) => void;
}

/** A table that describes media, and the options for reading it. */
export interface MediaReadRequest extends MediaReadOptions {
  table: TomlTable;
  keyPath: Path;
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
  const { table, keyPath, kind, folder, allowedFolder, fillsPlaceholders, report } = request;
  const value = table[key];
  if (typeof value !== 'string') return undefined;
  if (fillsPlaceholders && key !== 'base64' && value.includes('{{')) return createMediaTemplate(key, value, request);
  const sourcePath = [...keyPath, key];
  const mime = getMime(table);
  // By default, messages name the file.
  const nameInMessages = key === 'file' ? undefined : describePath(sourcePath);
  const mediaResolution = readMediaResolution(table);
  const spec = {
    source: { [key]: value } as MediaSource,
    kind,
    folder,
    confinement: allowedFolder,
    label: nameInMessages,
    mediaResolution,
  };
  const result = await loadMedia({ ...spec, mime });
  if (result.ok) return result.media;
  const { rule, message, about } = result.problem;
  if (about === 'source') return void report(errorAt(rule, sourcePath, message));
  report(createMimeProblem(message, keyPath));
  // The declared type is wrong. The source is read without it, so that a missing source is reported too.
  const withoutMime = await loadMedia(spec);
  if (!withoutMime.ok && withoutMime.problem.rule !== 'media-type') {
    report(errorAt(withoutMime.problem.rule, sourcePath, withoutMime.problem.message));
  }
  return undefined;
}

/**
 * Returns the `media_resolution` of an act, of `[narrative]` or of a medium. Undefined if it is absent or not valid;
 * `checkShape` reports a value that is not valid.
 */
export function readMediaResolution({ media_resolution: value }: TomlTable): MediaResolution | undefined {
  return mediaResolutions.find((resolution) => resolution === value);
}

function getMime({ mime }: TomlTable): string | undefined {
  return typeof mime === 'string' ? mime : undefined;
}

function createMimeProblem(message: string, keyPath: Path): Problem {
  const mimePath = [...keyPath, 'mime'];
  return errorAt('media-type', mimePath, message.replace('"mime"', describePath(mimePath)));
}

/**
 * Creates media whose `file` or `url` contains placeholders. The declared type is checked at once, because it has no
 * placeholders.
 */
function createMediaTemplate(
  sourceKey: 'file' | 'url',
  text: string,
  { table, keyPath, kind, folder, allowedFolder, report, onTemplate }: MediaReadRequest,
): MediaTemplate {
  const sourcePath = [...keyPath, sourceKey];
  const mime = getMime(table);
  const problem = mime === undefined ? undefined : checkDeclaredType(mime, kind);
  if (problem !== undefined) report(createMimeProblem(`"mime" ${problem}`, keyPath));
  // By default, messages name the file.
  const nameInMessages = sourceKey === 'file' ? undefined : describePath(sourcePath);
  const mediaResolution = readMediaResolution(table);
  const spec = { mime, kind, folder, confinement: allowedFolder, label: nameInMessages, mediaResolution };
  const template = { type: 'media-template', sourceKey, text, spec, loaded: new Map() } as const;
  onTemplate({ template, keyPath: sourcePath });
  return template;
}

/**
 * Returns which one of the given keys a table has. If it has none or several of them, reports that and returns
 * undefined.
 */
export function pickOnlyKey<Key extends string>(
  keys: readonly Key[],
  { table, keyPath, report }: MediaReadRequest,
): Key | undefined {
  const presentKeys = keys.filter((key) => table[key] !== undefined);
  if (presentKeys.length === 1) return presentKeys[0];
  const header = formatTableHeader(keyPath);
  if (presentKeys.length === 0) {
    const message = `${header} has none of ${keys.map(quote).join(', ')}`;
    return void report(errorAt('missing-key', keyPath, message, { target: 'key' }));
  }
  const list = `${presentKeys.slice(0, -1).map(quote).join(', ')} and ${quote(presentKeys.at(-1) ?? '')}`;
  const message = `${header} has ${presentKeys.length === 2 ? 'both ' : ''}${list}`;
  return void report(errorAt('conflicting-keys', keyPath, message, { target: 'key' }));
}
