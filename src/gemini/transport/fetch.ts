import { BoticelliError } from '../../errors.js';
import { classifyUnreachable, networkCause, networkReason } from '../errors/classify-network-error.js';
import { brokenAnswer, foreignAnswer } from '../errors/invalid-response.js';
import { httpStatusOf, isRecord, parsedJson, serviceErrorIn } from '../errors/parse-error-body.js';
import type { Exchange } from '../rest/exchange.js';
import { cleanedSseBody } from '../rest/sse-stream.js';
import { type HttpAnswer, type HttpRequest, sendHttp, textOf } from './http.js';
import { Response } from './minimal-fetch.js';

/**
 * The fetch that @google/genai is given (`httpOptions.fetch`), one for each request. It hands the SDK whole, readable
 * answers only; everything else is thrown from here as a classified error and passes through the SDK untouched. So
 * nothing ever has to be read out of the SDK's own errors.
 */
export function serviceFetch(exchange: Exchange): typeof fetch {
  const { attempt, host, beforeSending, streaming } = exchange;
  const send = async (url: string, init: Partial<HttpRequest> = {}): Promise<Response> => {
    const route = await exchange.routeTo(url);
    // At the last moment: what comes before it, loading or waiting, makes no request late for its appointment.
    await beforeSending();
    attempt.sent();
    const answer = await sendHttp(url, { ...init, signal: attempt.signal, route }).catch((thrown: unknown) => {
      throw thrown instanceof BoticelliError ? thrown : classifyUnreachable(thrown, host);
    });
    if (answer.status < 200 || answer.status >= 300) return refuse(answer, exchange);
    return streaming ? streamedAnswer(answer, exchange) : wholeAnswer(answer, exchange);
  };
  // The SDK uses no more of fetch than this.
  return send as unknown as typeof fetch;
}

async function refuse({ status, headers, body }: HttpAnswer, exchange: Exchange): Promise<never> {
  // The status says enough where the body can't be had.
  const text = await textOf(body).catch(() => '');
  exchange.attempt.answerEnded();
  throw exchange.classify({ status, headers, body: text });
}

// Neither answer takes the headers along: the SDK would copy them for every event, and nobody reads them.

function streamedAnswer({ body }: HttpAnswer, exchange: Exchange): Response {
  return new Response(cleanedSseBody(body, exchange));
}

/** A unary answer, read to its end: of a cut one the SDK would say no more than SyntaxError. */
async function wholeAnswer({ body, headers }: HttpAnswer, exchange: Exchange): Promise<Response> {
  const text = await textOf(body).catch((thrown: unknown) => {
    throw brokenAnswer(networkReason(thrown), exchange, networkCause(thrown));
  });
  exchange.attempt.answerEnded();
  const answer = parsedJson(text);
  if (answer === undefined && /^\s*([{[]|$)/.test(text)) throw brokenAnswer('it is not whole', exchange);
  if (!isRecord(answer)) throw foreignAnswer(text, exchange);
  const error = serviceErrorIn(answer);
  if (error) throw exchange.classify({ status: httpStatusOf(error), headers, body: text });
  return new Response(text);
}
