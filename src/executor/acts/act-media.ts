import { formatContentKinds, getContentKind, getMediaByteLength } from '../../driver/reply-media.js';
import type { GenerateResponse } from '../../driver/response.js';
import type { ActEnd, ActMedia } from '../narrative-events.js';
import type { NarrativeExecutorOptions } from '../options.js';

type SaveOptions = Pick<NarrativeExecutorOptions, 'saveMedia' | 'includesMediaData'>;

/** Saves the media of a reply, and returns the field `media` of its `act-end` event: absent if the reply has none. */
export function saveReplyMedia(
  { turn: { media = [] } }: GenerateResponse,
  act: { act: string; index: number },
  { saveMedia, includesMediaData }: SaveOptions,
): Pick<ActEnd, 'media'> {
  if (media.length === 0) return {};
  const saved = media.map((medium, index): ActMedia => {
    const file = saveMedia?.(act, medium, index + 1);
    return {
      ...{ mimeType: medium.mimeType, byteLength: getMediaByteLength(medium) },
      ...(file !== undefined && { file }),
      ...(includesMediaData && { data: medium.base64 }),
    };
  });
  return { media: saved };
}

/**
 * Describes media that is neither in a file nor in the event: `the reply has 1 picture (image/png)`. Returns undefined
 * if there is none.
 */
export function describeUnsavedMedia({ media = [] }: Pick<ActEnd, 'media'>): string | undefined {
  const unsaved = media.filter(({ file, data }) => file === undefined && data === undefined);
  const kinds = formatContentKinds(unsaved.map(({ mimeType }) => getContentKind(mimeType)));
  return kinds === undefined ? undefined : `the reply has ${kinds}`;
}
