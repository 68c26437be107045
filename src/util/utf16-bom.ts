/** Whether bytes begin with the byte order mark of UTF-16, little or big endian. */
export function hasUtf16Bom([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
