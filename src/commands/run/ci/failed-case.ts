import { type ErrorReport, exitCodes } from '../../../errors.js';
import type { ReportedCase } from '../../../terminal/reports/reported-suite.js';

/**
 * Creates the case of a failure. All errors about a reply that came but can't be used (blocked, empty, invalid or
 * unexpected) have the exit code of `unexpected_reply`.
 */
export function createFailedCase(name: string, error: ErrorReport): ReportedCase {
  const hasUnusableReply = exitCodes[error.code] === exitCodes.unexpected_reply;
  return { name, outcome: 'failed', error, hasUnusableReply };
}
