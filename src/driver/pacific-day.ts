const hourMs = 3_600_000;

/**
 * The end of the current day of Gemini's daily quota: the next midnight in America/Los_Angeles
 * (ai.google.dev/gemini-api/docs/rate-limits, read 2026-10: "RPD quotas reset at midnight Pacific time").
 * @param now milliseconds since the epoch
 */
export function getNextPacificMidnight(now: number): Date {
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/Los_Angeles',
    hourCycle: 'h23',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const readPart = (timeMs: number, type: 'hour' | 'minute' | 'second') =>
    Number(formatter.formatToParts(timeMs).find((part) => part.type === type)?.value);
  const sinceMidnightMs =
    readPart(now, 'hour') * hourMs + readPart(now, 'minute') * 60_000 + readPart(now, 'second') * 1000 + (now % 1000);
  // A day has 23, 24 or 25 hours. Clocks change at 2 am, so exactly one of the three candidates is at midnight.
  const candidates = [23, 24, 25].map((hours) => now - sinceMidnightMs + hours * hourMs);
  return new Date(candidates.find((candidate) => readPart(candidate, 'hour') === 0) ?? now + 24 * hourMs);
}
