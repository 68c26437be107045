import type { CallContext } from '../driver.js';
import type { UsageEvent } from '../driver-events.js';
import type { GenerateResponse } from '../response.js';

/** An answer that somebody was billed for, as far as that is known of it. */
export type BilledResponse = Pick<GenerateResponse, 'model' | 'usage' | 'costUsd' | 'reused'>;

/** Tells of an answer that nobody will be handed: what was paid for it is in no reply. Of one that was reused it tells nothing. */
export function reportUsage({ emit }: CallContext, billed: BilledResponse | undefined): void {
  if (!billed || billed.reused) return;
  const { model, usage, costUsd } = billed;
  emit?.({ type: 'spent', model, usage, ...(costUsd !== undefined && { costUsd }) });
}

/** The context for layers below: what they tell of spending is handed on as `hear` hands it back. */
export function interceptUsage(
  context: CallContext | undefined,
  transform: (event: UsageEvent) => UsageEvent,
): CallContext {
  return { ...context, emit: (event) => context?.emit?.(event.type === 'spent' ? transform(event) : event) };
}
