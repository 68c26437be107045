import { BoticelliError } from '../../errors.js';
import { isRecord, tryParseJson } from '../../util/json.js';
import { classifyNetworkError, createNetworkCause, describeNetworkError } from '../errors/classify-network-error.js';
import { createIncompleteResponseError, createNotGeminiResponseError } from '../errors/invalid-response.js';
import { extractServiceError, getHttpStatus } from '../errors/parse-error-body.js';
import type { HttpExchange } from '../rest/exchange.js';
import { normalizeSseBody } from '../rest/sse-stream.js';
import { type HttpRequest, type HttpResponse, readText, sendHttpRequest } from './http.js';
import { Response } from './minimal-fetch.js';

/**
 * The fetch that @google/genai is given (`httpOptions.fetch`), one for each request. It hands the SDK whole, readable
 * answers only; everything else is thrown from here as a classified error and passes through the SDK untouched. So
 * nothing ever has to be read out of the SDK's own errors.
 */
export function createGeminiFetch(exchange: HttpExchange): typeof fetch {
  const { timeouts, host, beforeSending, streaming } = exchange;
  const send = async (url: string, init: Partial<HttpRequest> = {}): Promise<Response> => {
    const route = await exchange.resolveRoute(url);
    // At the last moment: what comes before it, loading or waiting, makes no request late for its appointment.
    await beforeSending();
    timeouts.markSent();
    const response = await sendHttpRequest(url, { ...init, signal: timeouts.signal, route }).catch(
      (thrown: unknown) => {
        throw thrown instanceof BoticelliError ? thrown : classifyNetworkError(thrown, host);
      },
    );
    if (response.status < 200 || response.status >= 300) return throwHttpError(response, exchange);
    return streaming ? toStreamResponse(response, exchange) : readResponse(response, exchange);
  };
  // The SDK uses no more of fetch than this.
  return send as unknown as typeof fetch;
}

async function throwHttpError({ status, headers, body }: HttpResponse, exchange: HttpExchange): Promise<never> {
  // The status says enough where the body can't be had.
  const text = await readText(body).catch(() => '');
  exchange.timeouts.markComplete();
  throw exchange.classifyError({ status, headers, body: text });
}

// Neither answer takes the headers along: the SDK would copy them for every event, and nobody reads them.

function toStreamResponse({ body }: HttpResponse, exchange: HttpExchange): Response {
  return new Response(normalizeSseBody(body, exchange));
}

/** A unary answer, read to its end: of a cut one the SDK would say no more than SyntaxError. */
async function readResponse({ body, headers }: HttpResponse, exchange: HttpExchange): Promise<Response> {
  const text = await readText(body).catch((thrown: unknown) => {
    throw createIncompleteResponseError(describeNetworkError(thrown), exchange, createNetworkCause(thrown));
  });
  exchange.timeouts.markComplete();
  const parsed = tryParseJson(text);
  if (parsed === undefined && /^\s*([{[]|$)/.test(text))
    throw createIncompleteResponseError('it is not whole', exchange);
  if (!isRecord(parsed)) throw createNotGeminiResponseError(text, exchange);
  const error = extractServiceError(parsed);
  if (error) throw exchange.classifyError({ status: getHttpStatus(error), headers, body: text });
  return new Response(text);
}
