import { BoticelliError } from '../../errors.js';
import { serviceTierHeader } from '../../facts/service-tiers.js';
import { hasTooManyValues, isDeeperThan, isRecord, tryParseJson } from '../../util/json.js';
import { classifyNetworkError, createNetworkCause, describeNetworkError } from '../errors/classify-network-error.js';
import {
  createIncompleteResponseError,
  createNotGeminiResponseError,
  createTooLargeResponseError,
  createTooManyValuesError,
} from '../errors/invalid-response.js';
import { extractServiceError, getHttpStatus } from '../errors/parse-error-body.js';
import { findFinishMessage, type HttpExchange } from '../rest/exchange.js';
import { normalizeSseBody } from '../rest/sse-stream.js';
import { BodyTooLarge, maxErrorBytes } from './body-limit.js';
import { type HttpRequest, type HttpResponse, readBeginning, readText, sendHttpRequest } from './http.js';
import { Response } from './minimal-fetch.js';

/**
 * Creates the fetch for one request of @google/genai (`httpOptions.fetch`). The SDK gets only successful, readable
 * responses. For anything else, the fetch throws a classified error, which passes through the SDK unchanged. So the
 * SDK's own errors never have to be parsed.
 */
export function createGeminiFetch(exchange: HttpExchange): typeof fetch {
  const { timeouts, host, beforeSending, streaming } = exchange;
  const send = async (url: string, init: Partial<HttpRequest> = {}): Promise<Response> => {
    const route = await exchange.resolveRoute(url);
    // `beforeSending` may confirm a reservation. It comes last, so that nothing delays the request after that.
    await beforeSending();
    timeouts.startDeadline();
    const response = await sendHttpRequest(url, { ...init, signal: timeouts.signal, route }).catch((thrown) => {
      throw thrown instanceof BoticelliError ? thrown : classifyNetworkError(thrown, host);
    });
    // A proxy reads and answers only requests over plain HTTP. All others go through a tunnel.
    const proxyHost = /^http:/i.test(url) ? route?.proxyHost : undefined;
    if (response.status < 200 || response.status >= 300) return throwHttpError(response, proxyHost, exchange);
    exchange.servedTier = response.headers.get(serviceTierHeader) ?? undefined;
    // The SDK gets no headers, streamed or not: nothing reads them, and the SDK would copy them for every event.
    return streaming ? new Response(normalizeSseBody(response.body, exchange)) : readResponse(response, exchange);
  };
  // The SDK calls fetch with these arguments only.
  return send as unknown as typeof fetch;
}

async function throwHttpError(
  { status, headers, body }: HttpResponse,
  proxyHost: string | undefined,
  exchange: HttpExchange,
): Promise<never> {
  // If the body can't be read, the status is enough.
  const text = await readBeginning(body, maxErrorBytes);
  exchange.timeouts.markComplete();
  throw exchange.classifyError({ status, headers, body: text, proxyHost });
}

/** Reads and checks a response that is not streamed, because the SDK would throw a SyntaxError for a truncated body. */
async function readResponse({ body, headers }: HttpResponse, exchange: HttpExchange): Promise<Response> {
  const text = await readText(body, exchange.maxBodyBytes).catch((thrown: unknown) => {
    if (thrown instanceof BodyTooLarge) throw createTooLargeResponseError(exchange.host, thrown.maxBytes);
    throw createIncompleteResponseError(describeNetworkError(thrown), exchange.host, createNetworkCause(thrown));
  });
  exchange.timeouts.markComplete();
  if (hasTooManyValues(text)) throw createTooManyValuesError(exchange.host);
  const parsed = tryParseJson(text);
  if (parsed === undefined && /^\s*([{[]|$)/.test(text))
    throw createIncompleteResponseError('the body is truncated', exchange.host);
  // Some gateways answer every request with an array of chunks, as Gemini does for a stream without SSE.
  const [reply, ...others] = Array.isArray(parsed) ? parsed : [parsed];
  // A reply in an array is serialized again below. If it is nested too deeply, that would overflow the stack.
  const isDeepList = reply !== parsed && isDeeperThan(reply, 500);
  if (!isRecord(reply) || isDeepList) throw createNotGeminiResponseError(text, exchange);
  const error = extractServiceError(reply);
  if (error)
    throw exchange.classifyError({ status: getHttpStatus(error), headers, body: text, isStatusFromBody: true });
  if (others.length > 0 || !exchange.isExpectedBody(reply)) throw createNotGeminiResponseError(text, exchange);
  exchange.finishMessage = findFinishMessage(text);
  return new Response(reply === parsed ? text : JSON.stringify(reply));
}
