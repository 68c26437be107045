import { BoticelliError } from '../../errors.js';
import type { Connection } from '../connection.js';
import { classifyHttpError } from '../errors/classify-http-error.js';
import { getWrongHostHint } from '../errors/invalid-response.js';
import type { Headers } from '../transport/minimal-fetch.js';

/** An HTTP answer to the request for a WebSocket. */
export interface UpgradeResponse {
  status: number;
  headers: Headers;
  body: string;
}

/** What it stands for: as over REST, but that a 404 is about no model, which the request does not name. */
export function classifyUpgradeError(
  { status, headers, body }: UpgradeResponse,
  { connection, model, now }: { connection: Connection; model: string; now: number },
): BoticelliError {
  const { host, redact } = connection;
  if (status === 404) {
    return new BoticelliError('unavailable', `${host} has no Live API (404)`, { hint: getWrongHostHint(host) });
  }
  return classifyHttpError({ status, headers, body: redact(body), model, host, now });
}
