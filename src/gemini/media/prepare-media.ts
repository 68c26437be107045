import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest, MediaPart } from '../../driver/request.js';
import { redactError } from '../api-key.js';
import type { MediaOptions } from './options.js';

/** Prepares media before requests are sent: fetches URLs, reads files, and uploads large media. */
export interface MediaPreparer {
  /**
   * Returns the request with media as bytes or as references, which are URIs that the service reads by itself. Each URL
   * is fetched once and each file is uploaded once, for all requests. Rejects with a BoticelliError or with the
   * signal's reason.
   */
  prepare(request: GenerateRequest, context: CallContext, options?: PrepareOptions): Promise<GenerateRequest>;
  /** Deletes the uploaded files, and gives up after a few seconds. Never rejects. */
  close(): Promise<void>;
}

interface PrepareOptions {
  /** Whether to upload large media through the Files API; if false, all media is sent as bytes. Default true. */
  allowUpload?: boolean;
}

/** Creates a preparer. The preparer loads its code at the first request with media. */
export function createMediaPreparer(options: MediaOptions): MediaPreparer {
  const load = async () => {
    const [{ createMediaDownloader }, { createMediaUploader }] = await Promise.all([
      import('./fetch-urls.js'),
      import('./upload-large.js'),
    ]);
    return { downloadPart: createMediaDownloader(options), uploader: createMediaUploader(options) };
  };
  let loaded: ReturnType<typeof load> | undefined;

  return {
    async prepare(request, context, { allowUpload = true } = {}) {
      if (listMedia(request).length === 0) return request;
      loaded ??= load();
      const { downloadPart, uploader } = await loaded;
      try {
        const downloaded = await replaceMedia(request, (part) => downloadPart(part, context));
        const uploads = allowUpload ? uploader.selectUploads(listMedia(downloaded)) : new Set();
        // Uploads run one after the other, because parallel uploads would slow each other down and might time out.
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

/** Returns all media parts of a request, including repeated ones. */
function listMedia({ turns }: GenerateRequest): MediaPart[] {
  return turns.flatMap((turn) => (turn.role === 'user' ? turn.parts.filter((part) => part.type === 'media') : []));
}

/** Replaces each media part of a request. Calls `replace` once for a part that is repeated. */
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
