import type { CallContext } from '../../driver/driver.js';
import type { MediaBytes, MediaPart, MediaUrl } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { getReferenceKind, redactUrl, validateMediaUrl } from '../../media/media-url.js';
import { isPlainText } from '../../media/plain-text.js';
import { resolveMediaType } from '../../media/resolve-media-type.js';
import { createAsyncMemo } from '../../util/memoize-async.js';
import type { MediaDeliveryOptions } from './deliver-media.js';
import { checkUrlHint, type Download, download } from './download.js';

/** Media that are at an address, each fetched once. */
export interface MediaDownloader {
  /** The part with its bytes, where it is at an address; else the part itself. */
  downloadPart(part: MediaPart, context: CallContext): Promise<MediaPart>;
}

/** Makes a place where downloads are kept for as long as it is there. */
export function createMediaDownloader(options: MediaDeliveryOptions): MediaDownloader {
  const downloadOnce = createAsyncMemo<Download & { content: MediaBytes }>();

  return {
    async downloadPart(part, context) {
      const { content, mimeType } = part;
      if (content.from !== 'address') return part;
      const { url } = content;
      if (getReferenceKind(url) !== undefined) return { ...part, content: { from: 'reference', uri: url } };
      const displayUrl = redactUrl(url);
      const problem = validateMediaUrl(url);
      if (problem !== undefined) throw createInputError(`the URL ${displayUrl} ${problem}`);
      const downloaded = await downloadOnce(url, context.signal, async () => {
        context.emit?.({ type: 'note', about: 'download', message: `fetching ${displayUrl}` });
        const result = await download({
          url,
          signal: context.signal,
          resolveRoute: options.connection.resolveRoute,
          ...options,
        });
        return { ...result, content: { from: 'bytes', base64: result.bytes.toString('base64') } };
      });
      const type = await detectType(downloaded, content, mimeType);
      return { ...part, mimeType: type, content: downloaded.content };
    },
  };
}

async function detectType(
  { bytes, contentType, displayUrl }: Download,
  { url, kind }: MediaUrl,
  statedType: string | undefined,
) {
  const name = new URL(url).pathname;
  const verdict = await resolveMediaType({
    label: displayUrl,
    head: bytes,
    isText: isPlainText(bytes),
    name,
    declaredType: statedType,
    kind,
    serverType: contentType,
  });
  if ('problem' in verdict) throw createInputError(`what was fetched can't be sent: ${verdict.problem}`);
  return verdict.mimeType;
}

function createInputError(message: string): BoticelliError {
  return new BoticelliError('no_input', message, { hint: checkUrlHint });
}
