import type { CallContext } from '../driver.js';
import type { UsageEvent } from '../driver-events.js';
import type { GenerateResponse } from '../response.js';

/** The part of a reply that says what was billed. */
export type UsageReport = Pick<GenerateResponse, 'model' | 'usage' | 'tokenDetails' | 'costUsd' | 'reused'>;

/** Emits the usage of a reply that no caller receives. A reused reply was not billed, so nothing is emitted for it. */
export function reportUsage({ emit }: CallContext, report: UsageReport | undefined): void {
  if (!report || report.reused) return;
  const { model, usage, tokenDetails, costUsd } = report;
  const optional = { ...(tokenDetails && { tokenDetails }), ...(costUsd !== undefined && { costUsd }) };
  emit?.({ type: 'spent', model, usage, ...optional });
}

/** Creates a context for the inner driver that passes the driver's usage events through `transform`. */
export function interceptUsage(context: CallContext, transform: (event: UsageEvent) => UsageEvent): CallContext {
  return {
    ...context,
    emit(event) {
      // `transform` runs even if nobody listens to events, because the budget layer counts costs in it.
      const transformed = event.type === 'spent' ? transform(event) : event;
      context.emit?.(transformed);
    },
  };
}
