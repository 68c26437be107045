import type { Clock } from '../../driver/clock.js';
import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest, MediaPart } from '../../driver/request.js';
import { withoutKey } from '../api-key.js';
import type { Connection } from '../connection.js';
import type { CallOptions } from '../options.js';
import type { MediaFetched } from './fetch-urls.js';
import type { MediaAhead } from './upload-large.js';

/** Brings the media of requests to the service, each by the way that suits it, before the request itself is sent. */
export interface MediaDelivery {
  /**
   * The request as it can be sent: its media are bytes, which go along, or references to what the service has. What is at
   * an address is fetched once, a file is sent ahead once, however many requests have it. Rejects with a BoticelliError
   * or with the signal's reason.
   * @param mayGoAhead whether files may be sent ahead; else all bytes go along. Default true
   */
  deliver(request: GenerateRequest, context: CallContext, mayGoAhead?: boolean): Promise<GenerateRequest>;
  /** Deletes what was sent ahead; within seconds. Never rejects. */
  close(): Promise<void>;
}

export interface MediaDeliveryOptions extends CallOptions {
  connection: Connection;
  clock: Clock;
}

/** Makes a delivery. Nothing of it is loaded before the first request that has media. */
export function createMediaDelivery(options: MediaDeliveryOptions): MediaDelivery {
  let desk: Promise<{ fetched: MediaFetched; ahead: MediaAhead }> | undefined;
  const openDesk = async () => {
    const [{ fetchedMedia }, { mediaAhead }] = await Promise.all([
      import('./fetch-urls.js'),
      import('./upload-large.js'),
    ]);
    return { fetched: fetchedMedia(options), ahead: mediaAhead(options) };
  };

  return {
    async deliver(request, context, mayGoAhead = true) {
      if (mediaOf(request).length === 0) return request;
      desk ??= openDesk();
      const { fetched, ahead } = await desk;
      try {
        const here = await replaced(request, (part) => fetched.bytesOf(part, context));
        const going = mayGoAhead ? ahead.chosenOf(mediaOf(here)) : new Set();
        // One after the other: several large files at once would only be slower each, and their limits are per file.
        return await replaced(here, (part) =>
          going.has(part.content) ? ahead.referenceTo(part, context) : ahead.inline(part),
        );
      } catch (thrown) {
        if (context.signal?.aborted) throw context.signal.reason;
        throw withoutKey(thrown, options.connection.redact);
      }
    },
    async close() {
      await (await desk)?.ahead.close();
    },
  };
}

/** All media of a request, as often as they are in it. */
function mediaOf({ turns }: GenerateRequest): MediaPart[] {
  return turns.flatMap((turn) => (turn.role === 'user' ? turn.parts.filter((part) => part.type === 'media') : []));
}

/** The request with each of its media replaced; one that is in it several times is so once. */
async function replaced(
  request: GenerateRequest,
  replace: (part: MediaPart) => Promise<MediaPart>,
): Promise<GenerateRequest> {
  const replacements = new Map<unknown, MediaPart>();
  for (const part of mediaOf(request)) if (!replacements.has(part)) replacements.set(part, await replace(part));
  const turns = request.turns.map((turn) =>
    turn.role === 'user' ? { ...turn, parts: turn.parts.map((part) => replacements.get(part) ?? part) } : turn,
  );
  return { ...request, turns };
}
