import fc from 'fast-check';
import type { BoticelliDriver } from '../../src/driver/driver.js';
import type { GenerateRequest } from '../../src/driver/request.js';
import type { GenerateResponse } from '../../src/driver/response.js';
import { BoticelliError } from '../../src/errors.js';
import { createGeminiDriver } from '../../src/gemini/driver.js';
import { isRecord } from '../../src/util/json.js';
import { formatSseEvent } from '../helpers/gemini/replies.js';
import type { GeminiServer } from '../helpers/gemini/server.js';
import { answerMutations, type Json, mutateAnswer } from '../helpers/mutate-answer.js';
import { withHangTimeout } from './hang-timeout.js';

const ratings = [{ category: 'HARM_CATEGORY_HARASSMENT', probability: 'HIGH', blocked: true }];
const details = [{ modality: 'TEXT', tokenCount: 8 }];
const usageMetadata = {
  promptTokenCount: 8,
  candidatesTokenCount: 3,
  totalTokenCount: 11,
  promptTokensDetails: details,
};
const picture = { inlineData: { mimeType: 'image/png', data: 'AA==' } };
const call = { functionCall: { name: 'search', args: { query: null } }, thoughtSignature: 'c2ln' };

const code = [
  { executableCode: { language: 'PYTHON', code: 'print(1)', id: 'c' } },
  { codeExecutionResult: { outcome: 'OUTCOME_FAILED', output: '1', id: 'c' } },
];
const toolMetadata = {
  groundingMetadata: {
    webSearchQueries: ['q'],
    groundingChunks: [{ web: { uri: 'https://example.com', title: 't' } }],
    groundingSupports: [{ segment: { endIndex: 1 }, groundingChunkIndices: [0] }],
  },
  urlContextMetadata: {
    urlMetadata: [{ retrievedUrl: 'https://example.com/a', urlRetrievalStatus: 'URL_RETRIEVAL_STATUS_ERROR' }],
  },
};

const createAnswer = (parts: Json[], finishReason: string, candidate: Record<string, Json> = {}): Json => ({
  candidates: [
    {
      content: { role: 'model', parts },
      ...{ finishReason, finishMessage: 'Words of the service.', index: 0, safetyRatings: ratings },
      ...candidate,
      citationMetadata: { citationSources: [{ startIndex: 0, uri: 'https://example.com' }] },
    },
  ],
  promptFeedback: { safetyRatings: ratings },
  ...{ usageMetadata, modelVersion: 'gemini-3.8-flash', responseId: 'r' },
});

/** Answers of all kinds, each with many fields. */
export const sampleAnswers: readonly Json[] = [
  createAnswer([{ text: 'hm', thought: true }, { text: 'one' }, picture, { text: 'two' }, call], 'STOP'),
  createAnswer([{ text: 'one' }], 'SAFETY'),
  createAnswer([...code, { text: 'one' }], 'STOP', toolMetadata),
  createAnswer([picture, call], 'MALFORMED_FUNCTION_CALL'),
  { promptFeedback: { blockReason: 'SAFETY', blockReasonMessage: 'No.', safetyRatings: ratings }, usageMetadata },
];
/** The chunks of a streamed answer. */
const sampleStream: Json = [
  { candidates: [{ content: { parts: [{ text: 'hm', thought: true }, { text: 'one' }] } }], usageMetadata },
  { candidates: [{ content: { parts: [{ text: 'two' }, picture] }, finishReason: null }] },
  createAnswer([{ text: 'three' }], 'STOP'),
];

/**
 * Checks, for any change of an answer: the reply has the text that was sent, or there is an error with a readable
 * message.
 */
export const createAnswerProperty = (server: GeminiServer) => {
  const check = createAnswerCheck(server);
  return fc.asyncProperty(fc.constantFrom(...sampleAnswers, sampleStream), answerMutations, (answer, mutations) =>
    check(mutateAnswer(answer, mutations)),
  );
};

/** Creates a function that sends an answer as one body and as a stream, and checks the reply or the error of the driver. */
export function createAnswerCheck(server: GeminiServer): (answer: Json) => Promise<void> {
  const driver = createGeminiDriver({ apiKey: 'key', baseUrl: server.url, idleTimeoutMs: 5000, timeoutMs: 5000 });
  return async (answer) => {
    const chunks = Array.isArray(answer) ? answer : [answer];
    server.queueReplies({ body: JSON.stringify(answer) }, { body: chunks.map(formatJsonEvent).join('') });
    assertExpected(await withHangTimeout(() => readReply(driver, false)), chunks);
    assertExpected(await withHangTimeout(() => readReply(driver, true)), chunks);
  };
}

const request: GenerateRequest = {
  model: 'gemini-3.8-flash',
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'x' }] }],
  parameters: {},
};

interface ReadReply {
  text: string;
  response?: GenerateResponse | undefined;
  error?: BoticelliError;
}

async function readReply(driver: BoticelliDriver, streaming: boolean): Promise<ReadReply> {
  const read: ReadReply = { text: '' };
  try {
    if (streaming) {
      for await (const { text, response } of driver.generateStream(request)) {
        read.text += text;
        read.response = response;
      }
    } else {
      read.response = await driver.generate(request);
      read.text = read.response.text;
    }
    return read;
  } catch (thrown) {
    if (thrown instanceof BoticelliError && thrown.code !== 'internal') return { ...read, error: thrown };
    throw thrown;
  }
}

function assertExpected({ text, response, error }: ReadReply, chunks: Json[]): void {
  // An event that contains a list is read as several chunks.
  const candidates = chunks.flatMap((chunk) => (Array.isArray(chunk) ? chunk : [chunk])).map(findCandidate);
  const sent = candidates.map(findText).join('');
  if (error) {
    if (!sent.startsWith(text)) throw new Error(`${JSON.stringify(text)} was not sent, error: ${error.message}`);
    if (/undefined|NaN|\[object/.test(error.message)) throw new Error(`unreadable message: ${error.message}`);
    return;
  }
  if (response?.text !== sent || text !== sent) throw new Error(`read ${JSON.stringify(response)} instead of ${sent}`);
  const reasons = candidates.flatMap(({ finishReason }) => (isReason(finishReason) ? finishReason : []));
  if (reasons.at(-1) !== response.finishReason)
    throw new Error(`the finish reason ${response.finishReason} was not sent last`);
  const isEmpty = sent.trim() === '' && !response.turn.media?.length;
  if (isEmpty || /SAFETY/.test(response.finishReason)) throw new Error('an empty or blocked reply was accepted');
}

function isReason(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function findCandidate(chunk: Json): Record<string, unknown> {
  const candidates: unknown[] = isRecord(chunk) && Array.isArray(chunk.candidates) ? chunk.candidates : [];
  return candidates.filter(isRecord).find(({ content, finishReason }) => content != null || finishReason != null) ?? {};
}

function findText({ content }: Record<string, unknown>): string {
  const parts = isRecord(content) && Array.isArray(content.parts) ? content.parts.filter(isRecord) : [];
  return parts.map(({ text, thought }) => (typeof text === 'string' && !thought ? text : '')).join('');
}

function formatJsonEvent(chunk: Json): string {
  return formatSseEvent(chunk as object);
}
