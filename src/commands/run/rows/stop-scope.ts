import { type BoticelliError, type ErrorCode, QuotaExceeded } from '../../../errors.js';

/** What a failure of one row ends: no further row of its model is started, or no further row at all. */
export type StopScope = 'model' | 'command';

/** Failures that every further row would have too: its request can't be sent, or what it returns not be kept. */
const commandCodes: ReadonlySet<ErrorCode> = new Set([
  ...(['budget_exceeded', 'auth', 'missing_api_key', 'invalid_config', 'output_failed'] as const),
]);

/** Returns what a failure ends; undefined if it is the row's own. */
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
      // Without a time and not from the service, it is a prompt that is larger than the tokens per minute. Others may fit.
      return isFromService || error.retryAt !== undefined;
    case 'rate_limited':
      // A wait that is longer than --max-wait is as long for every row. One that the service rejects may be the only one.
      return !isFromService;
    default:
      return false;
  }
}
