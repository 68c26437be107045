/** Yields bytes in chunks of `size` bytes. */
export async function* splitBytes(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
