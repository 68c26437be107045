import fc from 'fast-check';
import type { BoticelliDriver } from '../../src/driver/driver.js';
import type { GenerateRequest } from '../../src/driver/request.js';
import type { GenerateResponse } from '../../src/driver/response.js';
import { BoticelliError } from '../../src/errors.js';
import { createConnection } from '../../src/gemini/connection.js';
import { createLiveDriver } from '../../src/gemini/live/driver.js';
import { isRecord } from '../../src/util/json.js';
import type { LiveScript } from '../helpers/gemini/live-replies.js';
import type { GeminiServer } from '../helpers/gemini/server.js';
import { answerMutations, type Json, mutateAnswer } from '../helpers/mutate-answer.js';
import { withHangTimeout } from './hang-timeout.js';

const content = (fields: { [field: string]: Json }): Json => ({ serverContent: fields });
const say = (text: string, fields: { [field: string]: Json } = {}) =>
  content({ outputTranscription: { text, ...fields } });
const parts = (...list: Json[]) => content({ modelTurn: { role: 'model', parts: list } });
const sound = { inlineData: { mimeType: 'audio/pcm;rate=24000', data: 'AAAA' } };
const picture = { inlineData: { mimeType: 'image/png', data: 'AA==' } };
const details = [{ modality: 'AUDIO', tokenCount: 3 }];
const usageMetadata = {
  promptTokenCount: 8,
  responseTokenCount: 3,
  totalTokenCount: 11,
  responseTokensDetails: details,
};
const generationEnd = content({ generationComplete: true });
const turnEnd: Json = { serverContent: { turnComplete: true, interactionStatus: 'IDLE' }, usageMetadata };
const newHandle = { sessionResumptionUpdate: { newHandle: 'h', resumable: true } };

/** Turns of all kinds, each a list of messages. */
export const sampleTurns: readonly Json[] = [
  [
    ...[parts({ text: 'hm', thought: true }), say('one'), parts(sound), parts({ text: 'unspoken' }), say(' two')],
    ...[generationEnd, turnEnd, say(' three'), newHandle, { goAway: { timeLeft: '50s' } }],
  ],
  [
    say('one'),
    parts(sound, picture),
    say(' two', { finished: true }),
    generationEnd,
    turnEnd,
    say(' three'),
    newHandle,
  ],
  [parts({ text: 'one' }, { executableCode: { code: 'x', language: 'PYTHON' } }), parts({ text: ' two' }), turnEnd],
  [say('one'), content({ turnComplete: true, interactionStatus: 'IN_PROGRESS' }), say(' two'), generationEnd, turnEnd],
  [say('one'), content({ turnComplete: true, turnCompleteReason: 'NEED_MORE_INPUT', groundingMetadata: {} })],
  [content({ turnComplete: true, turnCompleteReason: 'INPUT_OTHER' }), { usageMetadata }],
  [{ toolCall: { functionCalls: [{ id: '1', name: 'f', args: { a: null } }] } }, generationEnd, turnEnd],
  [content({ interrupted: false }), parts(sound), generationEnd, turnEnd],
];

/** Positions of messages that change places. */
const swaps = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 })), { maxLength: 2 });

/**
 * Checks, for any change of the messages of a turn and of their order: the reply has the words that were sent, or there
 * is an error.
 */
export const createLiveMessageProperty = (server: GeminiServer) => {
  const connection = createConnection({ apiKey: 'key', baseUrl: server.url });
  return fc.asyncProperty(fc.constantFrom(...sampleTurns), answerMutations, swaps, async (turn, mutations, pairs) => {
    const mutated = mutateAnswer(turn, mutations);
    const messages = Array.isArray(mutated) ? mutated : [mutated];
    for (const [left, right] of pairs) swap(messages, left, right);
    // The session ends after the last message, so that no case has to wait. If no part of a reply arrives, the driver
    // sends the prompt again in another session, so the script is queued twice.
    const frames = messages.map((message) => JSON.stringify(message));
    const script: LiveScript = { frames, as: 'text', end: { code: 1000, reason: '' } };
    server.live.queueReplies(script, script);
    const driver = createLiveDriver(connection, { idleTimeoutMs: 3000, timeoutMs: 5000 });
    try {
      assertExpected(await withHangTimeout(() => readTurn(driver)), messages);
    } finally {
      await driver.close?.();
      server.live.clearReplies();
      server.live.sessions.length = 0;
    }
  });
};

function swap(messages: Json[], left: number, right: number): void {
  const [first, second] = [messages[left], messages[right]];
  if (first === undefined || second === undefined) return;
  messages[left] = second;
  messages[right] = first;
}

const userTurn = { role: 'user', parts: [{ type: 'text', text: 'Say something.' }] } as const;
const request: GenerateRequest = { model: 'gemini-3.8-live', turns: [userTurn], parameters: {} };

interface ReadTurn {
  text: string;
  response?: GenerateResponse | undefined;
  error?: BoticelliError;
}

async function readTurn(driver: BoticelliDriver): Promise<ReadTurn> {
  const read: ReadTurn = { text: '' };
  try {
    for await (const { text, response } of driver.generateStream(request, {})) {
      read.text += text;
      read.response = response;
    }
    return read;
  } catch (thrown) {
    if (thrown instanceof BoticelliError && thrown.code !== 'internal') return { ...read, error: thrown };
    throw thrown;
  }
}

/**
 * Checks that the text that was read is the beginning of what the service sent. If there is an error, its message must
 * be readable. Otherwise a message must have ended the turn, and the text must have all words up to that message.
 */
function assertExpected({ text, response, error }: ReadTurn, messages: Json[]): void {
  const contents = messages.map(findContent);
  const spoken = contents.map(findTranscript).join('');
  const sent = spoken.trim() === '' ? spoken + contents.map(findWrittenText).join('') : spoken;
  if (!sent.startsWith(text)) throw new Error(`${JSON.stringify(text)} was not sent`);
  if (error) {
    if (/undefined|NaN|\[object/.test(error.message)) throw new Error(`unreadable message: ${error.message}`);
    return;
  }
  if (response?.text !== text || text.trim() === '')
    throw new Error(`accepted ${JSON.stringify(response)} for the text ${JSON.stringify(text)}`);
  const end = contents.findIndex(({ turnComplete }) => turnComplete === true);
  if (end === -1) throw new Error('a reply was accepted, but no message closed the turn');
  const spokenByEnd = contents
    .slice(0, end + 1)
    .map(findTranscript)
    .join('');
  if (!text.startsWith(spokenByEnd)) throw new Error(`${JSON.stringify(text)} lacks words before the end of the turn`);
}

function findContent(message: Json): Record<string, unknown> {
  return isRecord(message) && isRecord(message.serverContent) ? message.serverContent : {};
}

function findTranscript({ outputTranscription: transcription }: Record<string, unknown>): string {
  return isRecord(transcription) && typeof transcription.text === 'string' ? transcription.text : '';
}

function findWrittenText({ modelTurn }: Record<string, unknown>): string {
  const list = isRecord(modelTurn) && Array.isArray(modelTurn.parts) ? modelTurn.parts.filter(isRecord) : [];
  return list.map(({ text, thought }) => (typeof text === 'string' && !thought ? text : '')).join('');
}
