import { classifyUnreachable, networkCause, networkReason } from './classify-network.js';
import type { Exchange } from './exchange.js';
import { brokenAnswer, foreignAnswer, interrupted } from './faulty-answer.js';
import { patientDispatcher } from './patient-dispatcher.js';
import { httpStatusOf, isRecord, parsedJson, serviceErrorIn } from './service-error.js';
import { cleanedSseBody } from './sse-body.js';

/**
 * The fetch that @google/genai is given (`httpOptions.fetch`), one for each request. It hands the SDK whole, readable
 * answers only; everything else is thrown from here as a classified error and passes through the SDK untouched. So
 * nothing ever has to be read out of the SDK's own errors.
 */
export function serviceFetch(exchange: Exchange): typeof fetch {
  const { attempt, host, patient, streaming } = exchange;
  return async (url, init) => {
    const response = await fetch(url, {
      ...init,
      signal: attempt.signal,
      // fetch would carry the key's header along to any host that a redirect names.
      redirect: 'manual',
      ...(patient && patientDispatcher()),
    }).catch((thrown: unknown) => {
      throw classifyUnreachable(thrown, host);
    });
    if (!response.ok) return refuse(response, exchange);
    return streaming ? streamedAnswer(response, exchange) : wholeAnswer(response, exchange);
  };
}

async function refuse(response: Response, exchange: Exchange): Promise<never> {
  const { status, headers } = response;
  // The status says enough where the body can't be had.
  const body = await response.text().catch(() => '');
  exchange.attempt.answerEnded();
  throw exchange.classify({ status, headers, body });
}

// Neither answer takes the headers along: the SDK would copy them for every event, and nobody reads them.

function streamedAnswer({ body }: Response, exchange: Exchange): Response {
  if (!body) throw interrupted('it has no body', exchange);
  return new Response(cleanedSseBody(body, exchange));
}

/** A unary answer, read to its end: of a cut one the SDK would say no more than SyntaxError. */
async function wholeAnswer(response: Response, exchange: Exchange): Promise<Response> {
  const body = await response.text().catch((thrown: unknown) => {
    throw brokenAnswer(networkReason(thrown), exchange, networkCause(thrown));
  });
  exchange.attempt.answerEnded();
  const answer = parsedJson(body);
  if (answer === undefined && /^\s*([{[]|$)/.test(body)) throw brokenAnswer('it is not whole', exchange);
  if (!isRecord(answer)) throw foreignAnswer(body, exchange);
  const error = serviceErrorIn(answer);
  if (error) throw exchange.classify({ status: httpStatusOf(error), headers: response.headers, body });
  return new Response(body);
}
