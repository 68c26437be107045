import fc from 'fast-check';
import type { BoticelliDriver } from '../../src/driver/driver.js';
import type { GenerateRequest } from '../../src/driver/request.js';
import { BoticelliError } from '../../src/errors.js';
import { createConnection } from '../../src/gemini/connection.js';
import { createLiveDriver } from '../../src/gemini/live/driver.js';
import { createTurnEnd, type LiveFrame, type LiveScript, serverContent } from '../helpers/gemini/live-replies.js';
import type { GeminiServer } from '../helpers/gemini/server.js';
import { withHangTimeout } from './hang-timeout.js';

const turn = { role: 'user', parts: [{ type: 'text', text: 'Say something.' }] } as const;
const request: GenerateRequest = { model: 'gemini-3.8-live', turns: [turn], parameters: {} };

const createWordFrame = (number: number) => serverContent({ outputTranscription: { text: `<${number}>` } });
const stringify = (frame: object) => JSON.stringify(frame);

/** Frames that do not belong in a reply: invalid ones, and valid ones that come at the wrong time. */
const garbage: fc.Arbitrary<LiveFrame> = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.string({ maxLength: 20 }),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
  fc.constantFrom<LiveFrame>('', '{', '[]', 'null', '1', '""', Buffer.from([0xff, 0xfe, 0])),
  fc.constantFrom<LiveFrame>({ serverContent: null }, { serverContent: [] }, { serverContent: { modelTurn: null } }),
  fc.constantFrom<LiveFrame>(
    { serverContent: { modelTurn: { parts: 7 } } },
    { serverContent: { modelTurn: { parts: [null] } } },
  ),
  fc.constantFrom<LiveFrame>({ serverContent: { outputTranscription: { text: 7 } } }, { usageMetadata: 'x' }),
  fc.constantFrom<LiveFrame>({ serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: 7, data: 7 } }] } } }),
  fc.constantFrom<LiveFrame>({ goAway: {} }, { goAway: { timeLeft: 'soon' } }, { setupComplete: {} }, { error: 'x' }),
  fc.constantFrom<LiveFrame>({ sessionResumptionUpdate: null }, { sessionResumptionUpdate: { newHandle: 7 } }),
  fc.constantFrom<LiveFrame>({ toolCall: { functionCalls: [null] } }, { serverContent: { interrupted: true } }),
);

/**
 * A reply of numbered words, with garbage between some frames and at most one frame that is cut short. The server may
 * close the session after the reply, in different ways.
 */
const replies = fc
  .record({
    wordCount: fc.integer({ min: 1, max: 6 }),
    garbage: fc.array(fc.tuple(fc.nat({ max: 8 }), garbage), { maxLength: 2 }),
    cutFrame: fc.option(fc.record({ index: fc.nat({ max: 7 }), at: fc.double({ min: 0, max: 0.99, noNaN: true }) })),
    end: fc.constantFrom<LiveScript['end']>(
      'destroy',
      'reset',
      { code: 1011, reason: 'x' },
      { code: 1000, reason: '' },
    ),
    closesSession: fc.boolean(),
    as: fc.constantFrom('binary' as const, 'text' as const),
  })
  .map(({ wordCount, garbage, cutFrame, end, closesSession, as }) => {
    const frames: LiveFrame[] = [
      ...Array.from({ length: wordCount }, (_, number) => createWordFrame(number)),
      ...createTurnEnd(),
    ];
    const cut = cutFrame && frames[cutFrame.index];
    if (cutFrame && cut)
      frames[cutFrame.index] = stringify(cut as object).slice(
        0,
        Math.floor(cutFrame.at * stringify(cut as object).length),
      );
    for (const [index, frame] of garbage) frames.splice(Math.min(index, frames.length), 0, frame);
    const isDamaged = garbage.length > 0 || cut !== undefined;
    // After a damaged reply the server always closes the session. Otherwise the driver would only wait for its timeout.
    const script: LiveScript = { frames, as, ...((closesSession || isDamaged) && end !== undefined && { end }) };
    return { script, wordCount, isDamaged };
  });

/**
 * Checks, for any frames: the words that arrive are in order, none twice. All words of an undamaged reply arrive. No
 * case hangs.
 */
export const createLiveFrameProperty = (server: GeminiServer) =>
  fc.asyncProperty(replies, async ({ script, wordCount, isDamaged }) => {
    // A turn that is lost before its first word is retried in another session, which gets the same reply.
    server.live.queueReplies(script, script, script);
    const connection = createConnection({ apiKey: 'key', baseUrl: server.url });
    const driver = createLiveDriver(connection, { idleTimeoutMs: 3000, timeoutMs: 5000 });
    try {
      const read = await withHangTimeout(() => readTurn(driver));
      const numbers = [...read.text.matchAll(/<(\d)>/g)].map(([, number]) => Number(number));
      const inOrder = numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
      if (!inOrder) throw new Error(`words are out of order or repeated: ${read.text}`);
      if (!isDamaged && numbers.length !== wordCount)
        throw new Error(`read ${read.text} instead of ${wordCount} words, error: ${read.error?.message}`);
    } finally {
      await driver.close?.();
      server.live.clearReplies();
    }
  });

async function readTurn(driver: BoticelliDriver): Promise<{ text: string; error?: BoticelliError }> {
  let text = '';
  try {
    for await (const chunk of driver.generateStream(request, {})) text += chunk.text;
    return { text };
  } catch (thrown) {
    if (thrown instanceof BoticelliError && thrown.code !== 'internal') return { text, error: thrown };
    throw thrown;
  }
}
