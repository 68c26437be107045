const hourMs = 3_600_000;

/**
 * Returns the end of the current day of Gemini's daily quota, which is the next midnight in America/Los_Angeles
 * (ai.google.dev/gemini-api/docs/rate-limits, read 2026-10: "RPD quotas reset at midnight Pacific time").
 * @param now milliseconds since the epoch
 */
export function getNextPacificMidnight(now: number): Date {
  const options = { timeZone: 'America/Los_Angeles', hourCycle: 'h23', timeStyle: 'medium' } as const;
  const formatter = new Intl.DateTimeFormat('en-US', options);
  const getTime = (timeMs: number) => formatter.format(timeMs).split(':').map(Number);
  const [hours = 0, minutes = 0, seconds = 0] = getTime(now);
  const timeOfDayMs = hours * hourMs + minutes * 60_000 + seconds * 1000 + (now % 1000);
  // `now - timeOfDayMs` is the last midnight, or an hour off if the clocks have changed since. In either case, the next
  // midnight is 23, 24 or 25 hours later. Clocks change at 2 am, so only one of these three times is before 1 am.
  const candidates = [23, 24, 25].map((hoursLater) => now - timeOfDayMs + hoursLater * hourMs);
  return new Date(candidates.find((candidate) => getTime(candidate)[0] === 0) ?? now + 24 * hourMs);
}

/** Whether a time is the end of a day of Gemini's daily quota. @param time milliseconds since the epoch */
export function isPacificMidnight(time: number): boolean {
  return getNextPacificMidnight(time - 1).getTime() === time;
}

/**
 * Whether a time is surely in the day of Gemini's daily quota that ends at `endsAt`. This function needs no time zone:
 * loading one takes 20 ms (2026-11, Node 20.20). In the USA the clocks change on Sundays (15 U.S.C. 260a), so
 * only a day that ends at the beginning of a Monday can have 23 or 25 hours. Such a day counts as 23 hours long. If it
 * has 24 or 25 hours, the result is therefore false in its first hour or two.
 * @param at milliseconds since the epoch
 * @param endsAt the midnight in America/Los_Angeles at which the day ends
 */
export function isSurelyInPacificDay(at: number, endsAt: number): boolean {
  const monday = 1;
  // Midnight in Los Angeles is 7 or 8 am UTC of the same day, so the weekday in UTC is the same.
  const minLengthMs = (new Date(endsAt).getUTCDay() === monday ? 23 : 24) * hourMs;
  return at < endsAt && at >= endsAt - minLengthMs;
}
