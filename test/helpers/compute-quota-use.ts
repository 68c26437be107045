import type { QuotaDecision } from './quota-enforcer.js';

/**
 * The share of a quota that was used: (windows - 1) × `spanMs`, over the mean time from a place's request in the first
 * window to the same place's in the last. 1 where each request came `spanMs` after the one `perWindow` before it. It is
 * the mean over all places because a process that does one thing after another does not begin with a burst.
 * @param accepted in the order of arrival; whole windows of them
 */
export function computeQuotaUse(accepted: readonly QuotaDecision[], perWindow: number, spanMs: number): number {
  const computeMeanArrival = (decisions: readonly QuotaDecision[]) =>
    decisions.reduce((sum, { at }) => sum + at, 0) / decisions.length;
  const elapsedMs = computeMeanArrival(accepted.slice(-perWindow)) - computeMeanArrival(accepted.slice(0, perWindow));
  return ((accepted.length / perWindow - 1) * spanMs) / elapsedMs;
}
