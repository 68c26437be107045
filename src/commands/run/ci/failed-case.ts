import { type ErrorReport, exitCodes } from '../../../errors.js';
import type { ReportedCase } from '../../../terminal/reports/reported-suite.js';

/** Creates the case of a failure. The exit code of `unexpected_reply` is that of all replies that are of no use. */
export function createFailedCase(name: string, error: ErrorReport): ReportedCase {
  const isUselessReply = exitCodes[error.code] === exitCodes.unexpected_reply;
  return { name, outcome: 'failed', error, isUselessReply };
}
