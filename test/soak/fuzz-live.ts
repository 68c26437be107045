import fc from 'fast-check';
import type { BoticelliDriver } from '../../src/driver/driver.js';
import type { GenerateRequest } from '../../src/driver/request.js';
import { BoticelliError } from '../../src/errors.js';
import { createLiveDriver } from '../../src/gemini/live/driver.js';
import type { GeminiServer } from '../helpers/gemini-server.js';
import { content, type LiveFrame, type LiveScript, turnEnd } from '../helpers/live-replies.js';
import { inTime } from './in-time.js';

const turn = { role: 'user', parts: [{ type: 'text', text: 'Say something.' }] } as const;
const request: GenerateRequest = { model: 'gemini-3.8-live', turns: [turn], parameters: {} };

const said = (number: number) => content({ outputTranscription: { text: `<${number}>` } });
const json = (frame: object) => JSON.stringify(frame);

/** Frames that no service should send. */
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

/** A reply of numbered words with garbage between them, whole frames or cut ones, and some end. */
const replies = fc
  .record({
    words: fc.integer({ min: 1, max: 6 }),
    garbage: fc.array(fc.tuple(fc.nat({ max: 8 }), garbage), { maxLength: 2 }),
    cutFrame: fc.option(fc.record({ index: fc.nat({ max: 7 }), at: fc.double({ min: 0, max: 0.99, noNaN: true }) })),
    end: fc.constantFrom<LiveScript['end']>(
      'destroy',
      'reset',
      { code: 1011, reason: 'x' },
      { code: 1000, reason: '' },
    ),
    ends: fc.boolean(),
    as: fc.constantFrom('binary' as const, 'text' as const),
  })
  .map(({ words, garbage, cutFrame, end, ends, as }) => {
    const frames: LiveFrame[] = [...Array.from({ length: words }, (_, number) => said(number)), ...turnEnd()];
    const cut = cutFrame && frames[cutFrame.index];
    if (cutFrame && cut)
      frames[cutFrame.index] = json(cut as object).slice(0, Math.floor(cutFrame.at * json(cut as object).length));
    for (const [place, frame] of garbage) frames.splice(Math.min(place, frames.length), 0, frame);
    const isHurt = garbage.length > 0 || cut !== undefined;
    // A reply without its end would be waited for as long as the silence may last.
    const script: LiveScript = { frames, as, ...((ends || isHurt) && end !== undefined && { end }) };
    return { script, words, isHurt };
  });

/** Whatever frames come: the words in their order, each once, or an error; never a hang. */
export const liveFrames = (server: GeminiServer) =>
  fc.asyncProperty(replies, async ({ script, words, isHurt }) => {
    // Lost before its first word, a turn is tried again in another session: the same comes there.
    server.live.reply(script, script, script);
    const driver = createLiveDriver({
      apiKey: 'key',
      baseUrl: server.url,
      ...{ idleTimeoutMs: 3000, timeoutMs: 5000 },
    });
    try {
      const read = await inTime(() => readTurn(driver));
      const numbers = [...read.text.matchAll(/<(\d)>/g)].map(([, number]) => Number(number));
      const inOrder = numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0));
      if (!inOrder) throw new Error(`out of order: ${read.text}`);
      if (!isHurt && numbers.length !== words) throw new Error(`${read.text} of ${words}, ${read.error?.message}`);
    } finally {
      await driver.close?.();
      clearScripts(server);
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

/** What was not asked for is no answer to the next turn. */
function clearScripts({ live }: GeminiServer): void {
  (live as unknown as { scripts: LiveScript[] }).scripts.length = 0;
}
