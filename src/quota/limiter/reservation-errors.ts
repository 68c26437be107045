import { isPacificMidnight } from '../../driver/pacific-day.js';
import { BoticelliError } from '../../errors.js';
import type { Reservation, ReservationFailure, ReservationResult } from './rate-limiter.js';

/** Returns the reservation. @throws BoticelliError if there is none */
export function requireReservation(result: ReservationResult): Reservation {
  if (result.state === 'reserved') return result;
  throw createReservationError(result);
}

function createReservationError(failure: ReservationFailure): BoticelliError {
  const { model } = failure;
  switch (failure.state) {
    case 'blocked':
      return new BoticelliError('quota_exhausted', describeBlock(failure), {
        hint: 'The request was not sent. Use another model with --model or --fallback.',
        retryAt: new Date(failure.at),
      });
    case 'too-late': {
      const retryAt = new Date(failure.at);
      if (failure.reason === 'spend') {
        const message = "waiting for the project's spend-based rate limit would take longer than --max-wait";
        const hint =
          'The request was not sent. Raise --max-wait. All models of the project wait, so another model does not help.';
        return new BoticelliError('rate_limited', message, { hint, retryAt, isProjectWide: true });
      }
      return new BoticelliError('rate_limited', `waiting for quota of ${model} would take longer than --max-wait`, {
        hint: 'The request was not sent. Raise --max-wait, or use another model with --model or --fallback.',
        retryAt,
      });
    }
    case 'too-large':
      return createTooLargeError(failure);
    default:
      return failure satisfies never;
  }
}

function describeBlock({ model, at }: { model: string; at: number }): string {
  return isPacificMidnight(at)
    ? `daily quota of ${model} is used up`
    : `the service asked for a wait of more than ten minutes for ${model}`;
}

/** The error of a prompt that is larger than the tokens per minute that the service allows. No wait helps. */
export function createTooLargeError({
  model,
  tokens,
  limit,
}: {
  model: string;
  tokens: number;
  limit: number;
}): BoticelliError {
  const message = `the prompt has ${formatNumber(tokens)} tokens, and ${model} allows ${formatNumber(limit)} input tokens per minute`;
  return new BoticelliError('quota_exhausted', message, {
    hint: `Shorten the prompt, or use a model with a higher limit (--model, --fallback). If the limit has been raised, run: boticelli limits --forget ${model}`,
  });
}

function formatNumber(value: number): string {
  return value.toLocaleString('en-US');
}
