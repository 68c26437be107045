import type { ReplyMedia } from '../../driver/reply-media.js';
import type { ModelTurn } from '../../driver/request.js';
import { isBase64, isRecord } from '../../util/json.js';

/**
 * In native parts, an object with this key replaces the bytes of a medium. Its value is the position of the medium in
 * the reply.
 */
const placeholderKey = '$boticelli-media';

/**
 * Returns the native parts of a turn, with placeholders instead of the bytes of its media. Provider formats differ, so
 * every text that equals the bytes is replaced, wherever it is.
 */
export function omitMediaBytes({ native, media = [] }: Pick<ModelTurn, 'native' | 'media'>): unknown {
  if (media.length === 0) return native;
  const positions = new Map(media.map(({ base64 }, position) => [base64, position]));
  return mapValues(native, (value) => {
    const position = typeof value === 'string' ? positions.get(value) : undefined;
    return position === undefined ? value : { [placeholderKey]: position };
  });
}

/** Replaces the placeholders with the bytes of the media. */
export function restoreMediaBytes(native: unknown, media: readonly ReplyMedia[]): unknown {
  if (media.length === 0) return native;
  return mapValues(native, (value) => {
    const position = isRecord(value) ? value[placeholderKey] : undefined;
    return (typeof position === 'number' ? media[position]?.base64 : undefined) ?? value;
  });
}

/** Whether a stored value is a list of media. */
export function isMediaList(value: unknown): value is ReplyMedia[] {
  return Array.isArray(value) && value.every((media) => isMedia(media));
}

function isMedia(value: unknown): value is ReplyMedia {
  if (!isRecord(value) || typeof value.mimeType !== 'string') return false;
  return typeof value.base64 === 'string' && isBase64(value.base64);
}

/**
 * Maps the values in plain JSON, outer values first. Values inside a value that `map` has changed are not mapped.
 * Recursion does not overflow the stack, because the depth of the parts of a reply is limited.
 */
function mapValues(value: unknown, map: (value: unknown) => unknown): unknown {
  const mapped = map(value);
  if (mapped !== value) return mapped;
  if (Array.isArray(value)) return value.map((element) => mapValues(element, map));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, mapValues(field, map)]));
}
