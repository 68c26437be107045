/** Formats a duration: `0.4 s`, `12 s`, `2 min 5 s`, `1 h 30 min`. */
export function formatDuration(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const wholeSeconds = Math.round(seconds);
  if (wholeSeconds < 60) return `${wholeSeconds} s`;
  if (wholeSeconds < 3600) return `${Math.floor(wholeSeconds / 60)} min ${wholeSeconds % 60} s`;
  return `${Math.floor(wholeSeconds / 3600)} h ${Math.floor((wholeSeconds % 3600) / 60)} min`;
}

/** Formats a duration in whole seconds, rounded up, for countdowns and elapsed times: `3 s`, `2 min 5 s`. */
export function formatWholeSeconds(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1000);
  return seconds < 10 ? `${seconds} s` : formatDuration(seconds * 1000);
}

/**
 * Formats a future time, in local time: `in 59 s, at 09:00:12`, or `after Mon 23 Nov, 09:00` if it is an hour or more
 * away.
 */
export function formatMoment(date: Date, now: number): string {
  const waitMs = date.getTime() - now;
  if (waitMs < 3_600_000) return `in ${formatDuration(Math.max(0, waitMs))}, at ${date.toLocaleTimeString('en-GB')}`;
  return `after ${formatDateTime(date)}`;
}

/** Formats a time as `Mon 23 Nov, 09:00`, in local time. */
export function formatDateTime(date: Date): string {
  const dayFormat = { weekday: 'short', day: 'numeric', month: 'short' } as const;
  return date.toLocaleString('en-GB', { ...dayFormat, hour: '2-digit', minute: '2-digit' });
}

/** Formats a time as `Mon, 23 Nov 2026, 09:00 CET`, in local time, for a page that is read later or elsewhere. */
export function formatFullDateTime(date: Date): string {
  const dayFormat = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' } as const;
  return date.toLocaleString('en-GB', { ...dayFormat, hour: '2-digit', minute: '2-digit', timeZoneName: 'short' });
}

/** Formats a time as ISO 8601 in UTC, for JSON. */
export function toIsoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** Formats an amount in dollars. Amounts below one dollar have two significant digits: `$1.24`, `$0.0031`. */
export function formatUsd(usd: number): string {
  if (usd === 0 || usd >= 0.995) return `$${usd.toFixed(2)}`;
  const rounded = Number(usd.toPrecision(2));
  const decimals = Math.min(9, Math.max(2, 1 - Math.floor(Math.log10(rounded))));
  return `$${rounded.toFixed(decimals)}`;
}

/** Formats a count with its noun: `1 act`, `1,000 acts`. */
export function formatCount(count: number, noun: string): string {
  return `${formatInteger(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Formats an integer with commas between thousands: `1,000`. */
export function formatInteger(value: number): string {
  // The first call of `toLocaleString` with a locale takes 20 ms (2026-11, Node 20.20).
  return String(value).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
