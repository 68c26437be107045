import { BoticelliError } from '../../errors.js';
import { classifyRefusal } from '../errors/classify-http-error.js';
import { classifyUnreachable } from '../errors/classify-network-error.js';
import { wrongHost } from '../errors/invalid-response.js';
import { describeForeignBody, oneLine } from '../errors/one-line.js';
import { isRecord, parsedJson, parseServiceError } from '../errors/parse-error-body.js';
import { openAttempt } from '../rest/request-timeouts.js';
import { type HttpRequest, sendHttp, textOf } from '../transport/http.js';
import { Headers, Response } from '../transport/minimal-fetch.js';
import type { MediaDeliveryOptions } from './deliver-media.js';
import { isUnreadable } from './local-file.js';

export interface FilesFetchOptions extends MediaDeliveryOptions {
  signal: AbortSignal | undefined;
  /** What messages begin with, the file's name in it: `"film.mp4" could not be sent ahead`. */
  failed: string;
}

/**
 * The fetch that the SDK is given for the Files API. Each of its requests, a piece of a file above all, may take as long
 * as a whole attempt; what is no answer of the Files API is thrown from here as an error that names the file. What a Blob
 * throws that can't be read any more is thrown as it is.
 */
export function filesFetch(options: FilesFetchOptions): typeof fetch {
  const { signal, timeoutMs, connection } = options;
  const send = async (url: string, init: Partial<HttpRequest> = {}): Promise<Response> => {
    const attempt = openAttempt({ signal, timeoutMs, idleTimeoutMs: timeoutMs });
    attempt.sent();
    try {
      const route = await connection.routeTo(url);
      const { status, headers, ...answer } = await sendHttp(url, { ...init, signal: attempt.signal, route });
      const body = await textOf(answer.body);
      attempt.answerEnded();
      if (status < 200 || status >= 300) throw refused({ status, headers, body }, options);
      if (!isFilesAnswer(body, headers, new Headers(init.headers))) throw foreign(body, options);
      return new Response(body, { status, headers });
    } catch (thrown) {
      signal?.throwIfAborted();
      if (attempt.signal.aborted) throw tooSlow(options);
      if (thrown instanceof BoticelliError || isUnreadable(thrown)) throw thrown;
      throw unreachable(thrown, connection.host, options);
    } finally {
      attempt.close();
    }
  };
  // The SDK uses no more of fetch than this.
  return send as unknown as typeof fetch;
}

/** Without these headers the SDK would try again after seconds that no signal ends, or throw a bare error. */
function isFilesAnswer(body: string, headers: Headers, sent: Headers): boolean {
  const command = sent.get('x-goog-upload-command') ?? '';
  if (command === 'start') return headers.has('x-goog-upload-url');
  if (command.startsWith('upload') && !headers.has('x-goog-upload-status')) return false;
  return body === '' || isRecord(parsedJson(body));
}

function refused(
  answer: { status: number; headers: Headers; body: string },
  { connection: { host, redact }, clock, failed }: FilesFetchOptions,
): BoticelliError {
  const body = redact(answer.body);
  const error = classifyRefusal({ ...answer, body, model: 'files', host, now: clock.now() });
  const { hint, cause, retryAfterMs } = error;
  if (error.code === 'auth' || error.code === 'invalid_request') {
    return new BoticelliError(error.code, `${failed}: ${error.message}`, {
      ...(hint !== undefined && { hint }),
      cause,
    });
  }
  if (answer.status === 404) {
    const message = `${failed}: ${host} has no Files API (404)`;
    return new BoticelliError('unavailable', message, { hint: 'Use smaller media, or Google’s own base URL.', cause });
  }
  // Also a 429: the limits of the Files API are no model's, and so nothing that the quota book could learn from.
  const said = parseServiceError(body)?.message ?? describeForeignBody(body);
  const passing = answer.status === 429 || error.passing;
  const message = `${failed}: ${answer.status}, ${oneLine(said)}`;
  const delay = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new BoticelliError('unavailable', message, { hint: 'Try again later.', passing, cause, ...delay });
}

function foreign(body: string, { connection: { host, redact }, failed }: FilesFetchOptions): BoticelliError {
  const what = describeForeignBody(redact(body));
  const message = `${failed}: ${host} answered with ${what}`;
  return new BoticelliError('unavailable', message, { hint: wrongHost(host) });
}

function unreachable(thrown: unknown, host: string, { failed }: FilesFetchOptions): BoticelliError {
  const { message, hint, passing, cause } = classifyUnreachable(thrown, host);
  return new BoticelliError('unavailable', `${failed}: ${message}`, {
    ...(hint !== undefined && { hint }),
    ...{ passing, cause },
  });
}

function tooSlow({ failed, timeoutMs }: FilesFetchOptions): BoticelliError {
  return new BoticelliError('timeout', `${failed}: one request took longer than ${timeoutMs / 1000} s`, {
    hint: 'Allow more with --timeout.',
  });
}
