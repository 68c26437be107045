import { afterEach, beforeEach, expect } from 'vitest';
import type { CallContext } from '../../src/driver/driver.js';
import type { GenerateRequest, Turn } from '../../src/driver/request.js';
import type { GenerateResponse, StreamChunk } from '../../src/driver/response.js';
import { BoticelliError } from '../../src/errors.js';
import { createGeminiDriver } from '../../src/gemini/driver.js';
import type { GeminiDriverOptions } from '../../src/gemini/options.js';
import type { ScriptedReply } from '../helpers/gemini/replies.js';
import { type GeminiServer, type GeminiServerOptions, startGeminiServer } from '../helpers/gemini/server.js';
// Loaded here, so that no test's timing includes it.
import '@google/genai';

export const model = 'gemini-3.8-flash';

/** Starts a separate server for each test of a file. */
export function createGeminiFixture(options?: GeminiServerOptions) {
  const fixture = {
    server: undefined as unknown as GeminiServer,
    /** Creates a driver for the server. */
    driver: (driverOptions: Partial<GeminiDriverOptions> = {}) =>
      createGeminiDriver({ apiKey: 'test-key', baseUrl: fixture.server.url, ...driverOptions }),
  };
  beforeEach(async () => {
    fixture.server = await startGeminiServer(options);
  });
  afterEach(() => fixture.server.close());
  return fixture;
}

/** The time at which the errors of `getErrorOfBothCalls` are classified. */
export const errorTime = Date.parse('2026-11-22T12:00:00Z');

/**
 * Sends a unary and a streamed request, answers both with the same scripted reply, checks that both fail with the same
 * error, and returns it.
 */
export async function getErrorOfBothCalls(
  fixture: ReturnType<typeof createGeminiFixture>,
  script: ScriptedReply,
): Promise<BoticelliError> {
  fixture.server.queueReplies(script, script);
  const driver = fixture.driver({ clock: { now: () => errorTime, sleep: () => Promise.resolve() } });
  const unary = await getError(driver.generate(createRequest()));
  const { error: streamed, text } = await readStream(driver.generateStream(createRequest()));
  expect(text).toBe('');
  const pickFields = ({ code, message, hint, isTransient, isProjectWide, retryAfterMs, retryAt }: BoticelliError) => ({
    ...{ code, message, hint, isTransient, isProjectWide, retryAfterMs, retryAt },
  });
  expect(streamed && pickFields(streamed)).toEqual(pickFields(unary));
  expect(unary.message).not.toContain('\n');
  expect(unary.cause).toBeInstanceOf(Error);
  return unary;
}

/** A request with one text turn. */
export function createRequest(prompt = 'Say hello.', overrides: Partial<GenerateRequest> = {}): GenerateRequest {
  return { model, turns: [createUserTurn(prompt)], parameters: {}, ...overrides };
}

export function createUserTurn(text: string): Turn {
  return { role: 'user', parts: [{ type: 'text', text }] };
}

/** The outcome of a stream: its chunks, their joined texts, the response of the last chunk, and the error. */
export interface StreamResult {
  chunks: StreamChunk[];
  text: string;
  response: GenerateResponse | undefined;
  error: BoticelliError | undefined;
}

/** Reads a stream to its end or to its BoticelliError. Other errors are thrown. */
export async function readStream(chunks: AsyncIterable<StreamChunk>): Promise<StreamResult> {
  const result: StreamResult = { chunks: [], text: '', response: undefined, error: undefined };
  try {
    for await (const chunk of chunks) {
      result.chunks.push(chunk);
      result.text += chunk.text;
      result.response = chunk.response;
    }
  } catch (thrown) {
    if (!(thrown instanceof BoticelliError)) throw thrown;
    result.error = thrown;
  }
  return result;
}

/** The BoticelliError that a call rejects with. Other errors are thrown. */
export async function getError(work: Promise<unknown>): Promise<BoticelliError> {
  const thrown = await work.then(
    () => new Error('the call did not fail'),
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof BoticelliError)) throw thrown;
  return thrown;
}

/** A context with a signal and the controller behind it. */
export function createAbortableContext(): { controller: AbortController; context: CallContext } {
  const controller = new AbortController();
  return { controller, context: { signal: controller.signal } };
}
