/**
 * Text that is safe on a terminal: control characters become visible symbols, so that no reply, file or server can move
 * the cursor, change colours or retitle the window. Line feeds and tabs stay; so does a carriage return before a feed.
 */
export function toPrintable(text: string): string {
  // Most texts have none, and to see that takes a tenth of the time.
  if (!/[\0-\x08\x0b-\x1f\x7f-\x9f]/.test(text)) return text;
  return text.replaceAll(/\r\n|[\0-\x08\x0b-\x1f\x7f-\x9f]/g, (control) => {
    if (control === '\r\n') return '\n';
    const code = control.charCodeAt(0);
    // Unicode has pictures of the C0 controls and of DEL at U+2400; the C1 controls have none.
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/** The same on one line: line feeds and tabs become spaces. */
export function toPrintableLine(text: string): string {
  const printable = toPrintable(text);
  return /[\n\t]/.test(printable) ? printable.replaceAll(/\s*\n\s*|\t/g, ' ') : printable;
}
