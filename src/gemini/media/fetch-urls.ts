import type { CallContext } from '../../driver/driver.js';
import type { MediaAddress, MediaBytes, MediaPart } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import { addressProblem, addressWords, referenceTo } from '../../media/address.js';
import { judgeMedia } from '../../media/judge-media.js';
import { isPlainText } from '../../media/plain-text.js';
import type { MediaDeliveryOptions } from './deliver-media.js';
import { checkAddress, type Download, download } from './download.js';
import { onceEach } from './memoize-async.js';

/** Media that are at an address, each fetched once. */
export interface MediaFetched {
  /** The part with its bytes, where it is at an address; else the part itself. */
  bytesOf(part: MediaPart, context: CallContext): Promise<MediaPart>;
}

/** Makes a place where downloads are kept for as long as it is there. */
export function fetchedMedia(options: MediaDeliveryOptions): MediaFetched {
  const downloads = onceEach<Download & { content: MediaBytes }>();

  return {
    async bytesOf(part, context) {
      const { content, mimeType } = part;
      if (content.from !== 'address') return part;
      const { url } = content;
      if (referenceTo(url) !== undefined) return { ...part, content: { from: 'reference', uri: url } };
      const words = addressWords(url);
      const wrong = addressProblem(url);
      if (wrong !== undefined) throw unusable(`the URL ${words} ${wrong}`);
      const fetched = await downloads(url, context.signal, async () => {
        context.emit?.({ type: 'note', about: 'download', message: `fetching ${words}` });
        const found = await download({ url, signal: context.signal, routeTo: options.connection.routeTo, ...options });
        return { ...found, content: { from: 'bytes', base64: found.bytes.toString('base64') } };
      });
      const type = await typeOf(fetched, content, mimeType);
      return { ...part, mimeType: type, content: fetched.content };
    },
  };
}

async function typeOf({ bytes, served, words }: Download, { url, kind }: MediaAddress, stated: string | undefined) {
  const name = new URL(url).pathname;
  const verdict = await judgeMedia({ words, head: bytes, isText: isPlainText(bytes), name, stated, kind, served });
  if ('problem' in verdict) throw unusable(`what was fetched can't be sent: ${verdict.problem}`);
  return verdict.mimeType;
}

function unusable(message: string): BoticelliError {
  return new BoticelliError('no_input', message, { hint: checkAddress });
}
