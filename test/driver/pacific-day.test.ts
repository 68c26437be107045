import { expect, test } from 'vitest';
import { getNextPacificMidnight, isSurelyInPacificDay } from '../../src/driver/pacific-day.js';

test.each([
  ['a winter afternoon', '2026-11-22T22:30:00.123Z', '2026-11-23T08:00:00.000Z'],
  ['a summer night, already the next day in UTC', '2026-07-02T05:00:00Z', '2026-07-02T07:00:00.000Z'],
  ['midnight itself', '2026-11-22T08:00:00Z', '2026-11-23T08:00:00.000Z'],
  ['a millisecond before midnight', '2026-11-22T07:59:59.999Z', '2026-11-22T08:00:00.000Z'],
  ['a day of 23 hours, before the change', '2026-03-08T09:00:00Z', '2026-03-09T07:00:00.000Z'],
  ['a day of 23 hours, after the change', '2026-03-08T18:00:00Z', '2026-03-09T07:00:00.000Z'],
  ['a day of 25 hours, before the change', '2026-11-01T08:00:00Z', '2026-11-02T08:00:00.000Z'],
  ['a day of 25 hours, in the repeated hour', '2026-11-01T09:30:00Z', '2026-11-02T08:00:00.000Z'],
  ['a day of 25 hours, after the change', '2026-11-01T20:00:00Z', '2026-11-02T08:00:00.000Z'],
])('the quota day ends at the next midnight in Los Angeles: %s', (_, now, midnight) => {
  expect(getNextPacificMidnight(Date.parse(now)).toISOString()).toBe(midnight);
});

test.each(['2026-03-04', '2026-06-10', '2026-10-28'])(
  'isSurelyInPacificDay accepts only the day that contains the time; in the first hours of a Sunday it accepts none (from %s)',
  (start) => {
    const hourMs = 3_600_000;
    for (let hour = 0; hour < 10 * 24; hour += 1) {
      const at = Date.parse(start) + hour * hourMs;
      const endsAt = getNextPacificMidnight(at).getTime();
      // A day has at most 25 hours, so 26 hours before its end it is the previous day.
      const previousEnd = getNextPacificMidnight(endsAt - 26 * hourMs).getTime();
      const nextEnd = getNextPacificMidnight(endsAt).getTime();
      // Clocks change on Sundays. `isSurelyInPacificDay` does not look up the time zone, so it does not know how long a
      // Sunday is, and accepts only the 23 hours before its end. In UTC, a Sunday in Los Angeles ends on Monday.
      const isStartOfSunday = new Date(endsAt).getUTCDay() === 1 && at < endsAt - 23 * hourMs;
      const result = [previousEnd, endsAt, nextEnd].map((end) => isSurelyInPacificDay(at, end));
      expect(result, new Date(at).toISOString()).toEqual([false, !isStartOfSunday, false]);
    }
  },
);
