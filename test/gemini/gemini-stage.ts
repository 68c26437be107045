import { afterEach, beforeEach } from 'vitest';
import type { CallContext } from '../../src/driver/driver.js';
import type { GenerateRequest, Turn } from '../../src/driver/request.js';
import type { GenerateResponse, StreamChunk } from '../../src/driver/response.js';
import { BoticelliError } from '../../src/errors.js';
import { createGeminiDriver } from '../../src/gemini/driver.js';
import type { GeminiDriverOptions } from '../../src/gemini/options.js';
import { type GeminiServer, type GeminiServerOptions, startGeminiServer } from '../helpers/gemini-server.js';
// Loaded beforehand, so that no test's timing includes it.
import '@google/genai';

export const model = 'gemini-3.8-flash';

/** A server of its own for each test of a file. */
export function setStage(options?: GeminiServerOptions) {
  const stage = {
    server: undefined as unknown as GeminiServer,
    /** A driver that talks to the server. */
    driver: (driverOptions: Partial<GeminiDriverOptions> = {}) =>
      createGeminiDriver({ apiKey: 'test-key', baseUrl: stage.server.url, ...driverOptions }),
  };
  beforeEach(async () => {
    stage.server = await startGeminiServer(options);
  });
  afterEach(() => stage.server.close());
  return stage;
}

/** A request with one turn of text. */
export function ask(prompt = 'Say hello.', more: Partial<GenerateRequest> = {}): GenerateRequest {
  return { model, turns: [userTurn(prompt)], parameters: {}, ...more };
}

export function userTurn(text: string): Turn {
  return { role: 'user', parts: [{ type: 'text', text }] };
}

/** Everything that came of a stream: its texts, its last chunk's response, and what it threw. */
export interface Played {
  chunks: StreamChunk[];
  text: string;
  response: GenerateResponse | undefined;
  error: BoticelliError | undefined;
}

/** Reads a stream to its end, good or bad. Throws only what is no BoticelliError. */
export async function play(chunks: AsyncIterable<StreamChunk>): Promise<Played> {
  const played: Played = { chunks: [], text: '', response: undefined, error: undefined };
  try {
    for await (const chunk of chunks) {
      played.chunks.push(chunk);
      played.text += chunk.text;
      played.response = chunk.response;
    }
  } catch (thrown) {
    if (!(thrown instanceof BoticelliError)) throw thrown;
    played.error = thrown;
  }
  return played;
}

/** What a call rejects with, which must be a BoticelliError. */
export async function failureOf(work: Promise<unknown>): Promise<BoticelliError> {
  const thrown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof BoticelliError)) throw thrown;
  return thrown;
}

/** A context with a signal and the controller behind it. */
export function abortable(): { controller: AbortController; context: CallContext } {
  const controller = new AbortController();
  return { controller, context: { signal: controller.signal } };
}
