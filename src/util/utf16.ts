/** Whether bytes begin with the byte order mark of UTF-16, little or big endian. */
export function hasUtf16Bom([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/**
 * Like `text.slice(start, end)`, without the half of a surrogate pair that this may leave at either end. `start` and
 * `end` count UTF-16 units and must not be negative.
 */
export function sliceCharacters(text: string, start: number, end: number): string {
  const isPairAt = (index: number) => (text.codePointAt(index) ?? 0) > 0xffff;
  const from = start > 0 && isPairAt(start - 1) ? start + 1 : start;
  const to = end > 0 && end < text.length && isPairAt(end - 1) ? end - 1 : end;
  return text.slice(from, to);
}

/** Cuts a text to at most `maxLength` UTF-16 units, the final `…` included. */
export function truncate(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${sliceCharacters(text, 0, Math.max(1, maxLength - 1))}…`;
}

/** Cuts a text to at most `maxLength` UTF-16 units, then adds `…`. The `…` is not counted, unlike in `truncate`. */
export function truncateWithEllipsis(text: string, maxLength: number): string {
  return text.length > maxLength ? `${sliceCharacters(text, 0, maxLength)}…` : text;
}
