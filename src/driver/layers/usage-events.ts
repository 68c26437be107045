import type { CallContext } from '../driver.js';
import type { SpentEvent } from '../events.js';
import type { GenerateResponse } from '../response.js';

/** An answer that somebody was billed for, as far as that is known of it. */
export type Paid = Pick<GenerateResponse, 'model' | 'usage' | 'costUsd' | 'reused'>;

/** Tells of an answer that nobody will be handed: what was paid for it is in no reply. Of one that was reused it tells nothing. */
export function tellSpent({ emit }: CallContext, paid: Paid | undefined): void {
  if (!paid || paid.reused) return;
  const { model, usage, costUsd } = paid;
  emit?.({ type: 'spent', model, usage, ...(costUsd !== undefined && { costUsd }) });
}

/** The context for layers below: what they tell of spending is handed on as `hear` hands it back. */
export function hearingSpent(context: CallContext | undefined, hear: (event: SpentEvent) => SpentEvent): CallContext {
  return { ...context, emit: (event) => context?.emit?.(event.type === 'spent' ? hear(event) : event) };
}
