import { type BoticelliError, type ErrorCode, QuotaExceeded } from '../../../errors.js';

/** What the failure of a row stops: further rows of its model, or all further rows. */
export type StopScope = 'model' | 'command';

/** Failures that every further row would have too: no request can be sent, or no output can be written. */
const commandCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'budget_exceeded',
  'auth',
  'missing_api_key',
  'invalid_config',
  'output_failed',
]);

/** Returns what a failure stops; undefined if it concerns only its own row. */
export function getStopScope(error: BoticelliError): StopScope | undefined {
  if (commandCodes.has(error.code)) return 'command';
  if (!affectsModel(error)) return undefined;
  return error.isProjectWide ? 'command' : 'model';
}

/** Whether other requests to the same model would fail too. */
function affectsModel(error: BoticelliError): boolean {
  // A rejection by the service is a `QuotaExceeded`. The limiter throws a plain `BoticelliError` with the same codes.
  const isFromService = error instanceof QuotaExceeded;
  switch (error.code) {
    case 'model_not_found':
      return true;
    case 'quota_exhausted':
      // An error of the service concerns every request to the model. So does an error of the limiter, unless it has no
      // `retryAt`: then this prompt alone exceeds the limit of tokens per minute, and other prompts may fit.
      return isFromService || error.retryAt !== undefined;
    case 'rate_limited':
      // From the limiter, the error means a wait longer than --max-wait, which every row of the model would have. A
      // rejection by the service may concern only this request.
      return !isFromService;
    default:
      return false;
  }
}
