import type { Clock } from '../../driver/clock.js';
import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest, MediaPart } from '../../driver/request.js';
import { redactError } from '../api-key.js';
import type { Connection } from '../connection.js';
import type { CallOptions } from '../options.js';
import type { MediaDownloader } from './fetch-urls.js';
import type { MediaUploader } from './upload-large.js';

/** Brings the media of requests to the service, each by the way that suits it, before the request itself is sent. */
export interface MediaDelivery {
  /**
   * The request as it can be sent: its media are bytes, which go along, or references to what the service has. What is at
   * an address is fetched once, a file is sent ahead once, however many requests have it. Rejects with a BoticelliError
   * or with the signal's reason.
   * @param allowUpload whether files may be sent ahead; else all bytes go along. Default true
   */
  deliver(request: GenerateRequest, context: CallContext, allowUpload?: boolean): Promise<GenerateRequest>;
  /** Deletes what was sent ahead; within seconds. Never rejects. */
  close(): Promise<void>;
}

export interface MediaDeliveryOptions extends CallOptions {
  connection: Connection;
  clock: Clock;
}

/** Makes a delivery. Nothing of it is loaded before the first request that has media. */
export function createMediaDelivery(options: MediaDeliveryOptions): MediaDelivery {
  let loaded: Promise<{ downloader: MediaDownloader; uploader: MediaUploader }> | undefined;
  const load = async () => {
    const [{ createMediaDownloader }, { createMediaUploader }] = await Promise.all([
      import('./fetch-urls.js'),
      import('./upload-large.js'),
    ]);
    return { downloader: createMediaDownloader(options), uploader: createMediaUploader(options) };
  };

  return {
    async deliver(request, context, allowUpload = true) {
      if (listMedia(request).length === 0) return request;
      loaded ??= load();
      const { downloader, uploader } = await loaded;
      try {
        const downloaded = await replaceMedia(request, (part) => downloader.downloadPart(part, context));
        const uploads = allowUpload ? uploader.selectUploads(listMedia(downloaded)) : new Set();
        // One after the other: several large files at once would only be slower each, and their limits are per file.
        return await replaceMedia(downloaded, (part) =>
          uploads.has(part.content) ? uploader.uploadPart(part, context) : uploader.inlinePart(part),
        );
      } catch (thrown) {
        if (context.signal?.aborted) throw context.signal.reason;
        throw redactError(thrown, options.connection.redact);
      }
    },
    async close() {
      await (await loaded)?.uploader.close();
    },
  };
}

/** All media of a request, as often as they are in it. */
function listMedia({ turns }: GenerateRequest): MediaPart[] {
  return turns.flatMap((turn) => (turn.role === 'user' ? turn.parts.filter((part) => part.type === 'media') : []));
}

/** The request with each of its media replaced; one that is in it several times is so once. */
async function replaceMedia(
  request: GenerateRequest,
  replace: (part: MediaPart) => Promise<MediaPart>,
): Promise<GenerateRequest> {
  const replacements = new Map<unknown, MediaPart>();
  for (const part of listMedia(request)) if (!replacements.has(part)) replacements.set(part, await replace(part));
  const turns = request.turns.map((turn) =>
    turn.role === 'user' ? { ...turn, parts: turn.parts.map((part) => replacements.get(part) ?? part) } : turn,
  );
  return { ...request, turns };
}
