import type { CallContext } from '../../driver/driver.js';
import type { MediaBytes, MediaPart, MediaUrl } from '../../driver/request.js';
import { getServiceReadableKind, redactUrl, validateMediaUrl } from '../../media/media-url.js';
import { isPlainText } from '../../media/plain-text.js';
import { resolveMediaType } from '../../media/resolve-media-type.js';
import { createAsyncMemo } from '../../util/memoize-async.js';
import { createInputError, type Download, download } from './download.js';
import type { MediaOptions } from './options.js';

/**
 * Creates a function that downloads the URL of a part and replaces it with the bytes. A URL that the service reads by
 * itself (YouTube, Files API) becomes a reference. A part without a URL is returned as it is. The function downloads
 * each URL once and keeps all downloads in memory. A part that may come only from a public address never gets the bytes
 * that another part got from a private one.
 */
export function createMediaDownloader(options: MediaOptions) {
  const downloadOnce = createAsyncMemo<Download & { content: MediaBytes }>();

  return async (part: MediaPart, context: CallContext): Promise<MediaPart> => {
    const { content, mimeType } = part;
    if (content.from !== 'url-to-fetch') return part;
    const { url, publicOnly } = content;
    if (getServiceReadableKind(url) !== undefined) return { ...part, content: { from: 'url-for-service', uri: url } };
    const displayUrl = redactUrl(url);
    const problem = validateMediaUrl(url);
    if (problem !== undefined) throw createInputError(`the URL ${displayUrl} ${problem}`);
    const key = `${publicOnly ? 'public' : 'any'} ${url}`;
    const downloaded = await downloadOnce(key, context.signal, async () => {
      context.emit?.({ type: 'note', about: 'download', message: `fetching ${displayUrl}` });
      const { resolveRoute } = options.connection;
      const result = await download({ ...options, url, publicOnly, signal: context.signal, resolveRoute });
      return { ...result, content: { from: 'bytes', base64: result.bytes.toString('base64') } };
    });
    const type = await detectType(downloaded, content, mimeType);
    return { ...part, mimeType: type, content: downloaded.content };
  };
}

async function detectType(download: Download, { url, kind }: MediaUrl, declaredType: string | undefined) {
  const { bytes, contentType, displayUrl } = download;
  const typeResult = await resolveMediaType({
    label: displayUrl,
    head: bytes,
    isText: isPlainText(bytes),
    name: new URL(url).pathname,
    declaredType,
    kind,
    serverType: contentType,
  });
  if (!typeResult.ok) throw createInputError(`the download can't be used: ${typeResult.problem}`);
  return typeResult.mimeType;
}
