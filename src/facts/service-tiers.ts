/**
 * Facts about the service tiers of requests. Sources: ai.google.dev/gemini-api/docs/flex-inference, /priority-inference
 * and /optimization, read 2026-11-30 in stored copies (of 2026-05 to 2026-09).
 */

/**
 * The service tiers that a request can ask for. `standard` is the service's default. `flex` costs half, waits up to 15
 * minutes and may be refused with 503 or 429. `priority` costs more. A request above the limits of `priority` is served
 * by `standard`, at the price of `standard`. All tiers count toward the same rate limits. The Live API has no service
 * tiers.
 */
export const serviceTiers = ['flex', 'standard', 'priority'] as const;

/** One of `serviceTiers`. */
export type ServiceTier = (typeof serviceTiers)[number];

/**
 * The time limit of a flex request, in milliseconds. Google recommends 10 minutes or more and uses 15 in its examples.
 */
export const flexTimeoutMs = 900_000;

/** The header in which the service states the tier that served a request. */
export const serviceTierHeader = 'x-gemini-service-tier';

/** The highest `priorityFactor` of any model: priority costs 75% to 100% more than standard. */
export const maxPriorityFactor = 2;

/** Returns the tier that a text names, in any letter case; undefined if it names none. */
export function parseServiceTier(value: unknown): ServiceTier | undefined {
  const name = typeof value === 'string' ? value.toLowerCase() : undefined;
  return serviceTiers.find((tier) => tier === name);
}
