/** A duration as a person reads it: `0.4 s`, `12 s`, `2 min 5 s`, `1 h 30 min`. */
export function duration(durationMs: number): string {
  const seconds = durationMs / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** The same in whole seconds, for what ticks: `3 s`, `2 min 5 s`; what has begun counts as a whole one. */
export function wholeSeconds(durationMs: number): string {
  const seconds = Math.ceil(durationMs / 1000);
  return seconds < 10 ? `${seconds} s` : duration(seconds * 1000);
}

/** A moment to come, in local time: `in 59 s, at 09:00:12`, or `after Mon 23 Nov, 09:00` where that is far. */
export function moment(at: Date, now: number): string {
  const waitMs = at.getTime() - now;
  if (waitMs < 3_600_000) return `in ${duration(Math.max(0, waitMs))}, at ${at.toLocaleTimeString('en-GB')}`;
  return `after ${dateAndTime(at)}`;
}

/** `Mon 23 Nov, 09:00`, in local time. */
export function dateAndTime(at: Date): string {
  return at.toLocaleString('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** `$1.24`, `$0.0031`: in as many digits as it takes to see anything. */
export function dollars(usd: number): string {
  return usd === 0 || usd >= 0.995 ? `$${usd.toFixed(2)}` : `$${Number(usd.toPrecision(2)).toFixed(decimalsOf(usd))}`;
}

function decimalsOf(usd: number): number {
  return Math.min(9, Math.max(2, 1 - Math.floor(Math.log10(usd))));
}

/** `1 act`, `4 acts`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
