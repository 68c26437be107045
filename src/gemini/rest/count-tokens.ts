import type { Content } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import type { GenerateRequest } from '../../driver/request.js';
import { abortable } from '../../util/abortable.js';
import { redactError } from '../api-key.js';
import type { Connection } from '../connection.js';
import type { MediaPreparer } from '../media/prepare-media.js';
import { maxNonReplyBytes } from '../transport/body-limit.js';
import { createGeminiFetch } from '../transport/gemini-fetch.js';
import type { CallOptions } from './call-options.js';
import { convertRequest } from './convert-request.js';
import { createHttpExchange } from './exchange.js';

interface CountTokensOptions extends CallOptions {
  connection: Connection;
  mediaPreparer: MediaPreparer;
}

/**
 * The maximum time for a count. It is short, because the caller waits for the count before it sends a request or
 * reports an error.
 */
const maxCountMs = 10_000;

/**
 * Asks the service how many tokens the prompt of a request has. "countTokens is free to use and does not consume your
 * generation TPM/RPD quotas" (Google in discuss.ai.google.dev/t/189068, read 2026-11-30), so it needs no reservation.
 * Rejects with a BoticelliError or the signal's reason. Resolves to undefined if the response has no count.
 */
export async function countTokens(
  request: GenerateRequest,
  context: CallContext,
  { connection, mediaPreparer, timeoutMs, clock }: CountTokensOptions,
): Promise<number | undefined> {
  const { signal } = context;
  const models = await abortable(connection.getModelsApi(), signal);
  const { model, contents, config } = convertRequest(await mediaPreparer.prepare(request, context));
  const limitMs = Math.min(timeoutMs, maxCountMs);
  const exchange = createHttpExchange({
    ...{ connection, clock, signal, model, timeoutMs: limitMs, idleTimeoutMs: limitMs },
    streaming: false,
    maxBodyBytes: maxNonReplyBytes,
    expected: {
      name: 'a token count',
      isExpectedBody: (body) => 'totalTokens' in body || Object.keys(body).length === 0,
    },
  });
  try {
    const result = models.countTokens({
      model,
      // The SDK's type of `contents` is wider, but `convertRequest` always returns a list of turns.
      contents: [...toSystemTurn(config?.systemInstruction), ...(contents as Content[])],
      config: { httpOptions: { fetch: createGeminiFetch(exchange) } },
    });
    const { totalTokens } = await abortable(result, exchange.timeouts.signal);
    return typeof totalTokens === 'number' && totalTokens > 0 ? totalTokens : undefined;
  } catch (thrown) {
    throw exchange.timeouts.signal.aborted ? exchange.timeouts.signal.reason : redactError(thrown, connection.redact);
  } finally {
    exchange.timeouts.close();
  }
}

/** Returns the system prompt as a turn: the SDK (2.32) rejects `systemInstruction` in this call for the Gemini API. */
function toSystemTurn(system: unknown): Content[] {
  return typeof system === 'string' ? [{ role: 'user', parts: [{ text: system }] }] : [];
}
