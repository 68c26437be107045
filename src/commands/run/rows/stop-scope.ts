import { type BoticelliError, type ErrorCode, QuotaExceeded } from '../../../errors.js';

/** What the failure of a row stops: further rows of its model, or all further rows. */
export type StopScope = 'model' | 'command';

/** Failures that every further row would have too: no request can be sent, or no result can be kept. */
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

function affectsModel(error: BoticelliError): boolean {
  const isFromService = error instanceof QuotaExceeded;
  switch (error.code) {
    case 'model_not_found':
      return true;
    case 'quota_exhausted':
      // The limiter gives no `retryAt` if the prompt is larger than the tokens per minute. Other prompts may fit.
      return isFromService || error.retryAt !== undefined;
    case 'rate_limited':
      // The limiter's wait, longer than --max-wait, is the same for every row. A rejection may concern only this
      // request.
      return !isFromService;
    default:
      return false;
  }
}
