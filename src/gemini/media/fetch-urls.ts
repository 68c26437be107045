import type { CallContext } from '../../driver/driver.js';
import type { MediaBytes, MediaPart, MediaUrl } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { getReferenceKind, redactUrl, validateMediaUrl } from '../../media/media-url.js';
import { isPlainText } from '../../media/plain-text.js';
import { resolveMediaType } from '../../media/resolve-media-type.js';
import { createAsyncMemo } from '../../util/memoize-async.js';
import { checkUrlHint, type Download, download } from './download.js';
import type { MediaDeliveryOptions } from './options.js';

/** Fetches media from URLs, each URL once. */
export interface MediaDownloader {
  /** Replaces a URL by its bytes. Returns other parts as they are. */
  downloadPart(part: MediaPart, context: CallContext): Promise<MediaPart>;
}

/** Creates a downloader, which keeps all downloads in memory. */
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
        const { resolveRoute } = options.connection;
        const result = await download({ url, signal: context.signal, resolveRoute, ...options });
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
  declaredType: string | undefined,
) {
  const verdict = await resolveMediaType({
    label: displayUrl,
    head: bytes,
    isText: isPlainText(bytes),
    name: new URL(url).pathname,
    declaredType,
    kind,
    serverType: contentType,
  });
  if (!verdict.ok) throw createInputError(`the download can't be used: ${verdict.problem}`);
  return verdict.mimeType;
}

function createInputError(message: string): BoticelliError {
  return new BoticelliError('no_input', message, { hint: checkUrlHint });
}
