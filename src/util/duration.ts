const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Parses a duration: `90s`, `2m`, `1h30m`, `500ms`, `30d`; a bare number is seconds.
 * @returns milliseconds, or undefined for an invalid duration
 */
export function parseDurationMs(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(number) * (unitMs[unit ?? ''] ?? 0);
  }
  return totalMs;
}

/**
 * Parses a retention period: a duration above zero, or `off`.
 * @returns milliseconds or `off`, or undefined for anything else
 */
export function parseRetentionMs(text: string): number | 'off' | undefined {
  return text === 'off' ? text : parseDurationMs(text) || undefined;
}
