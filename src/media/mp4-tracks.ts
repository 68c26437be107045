/** What the tracks of an MP4 file contain, for example `soun` (sound) and `vide` (pictures). */
type TrackHandlers = ReadonlySet<string>;

/**
 * Lists the handlers of the tracks of an MP4 file (ISO/IEC 14496-12: the `hdlr` box in `moov/trak/mdia`). Returns
 * undefined if the given bytes have no complete list of tracks, for example because the list is at the end of a large
 * file.
 */
export function readTrackHandlers(head: Uint8Array): TrackHandlers | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const movie = listBoxes(bytes).find(({ type }) => type === 'moov');
  if (!movie?.isComplete) return undefined;
  const handlers = listBoxes(movie.content)
    .filter(({ type }) => type === 'trak')
    .flatMap(({ content }) => listBoxes(content).filter(({ type }) => type === 'mdia'))
    .flatMap(({ content }) => listBoxes(content).filter(({ type }) => type === 'hdlr'))
    // The content is a version and flags (4 bytes), a reserved field (4 bytes), and the handler (4 bytes).
    .map(({ content }) => content.toString('latin1', 8, 12));
  return new Set(handlers);
}

interface Box {
  type: string;
  content: Buffer;
  isComplete: boolean;
}

/** Lists the boxes that lie one after the other. The last one may be incomplete. */
function listBoxes(bytes: Buffer): Box[] {
  const boxes: Box[] = [];
  for (let offset = 0; offset + 8 <= bytes.length; ) {
    const shortSize = bytes.readUInt32BE(offset);
    // A size of 1 means that a 64-bit size follows. A size of 0 means that the box extends to the end of the file.
    const isLong = shortSize === 1 && offset + 16 <= bytes.length;
    const headerBytes = isLong ? 16 : 8;
    const size = isLong ? Number(bytes.readBigUInt64BE(offset + 8)) : shortSize || bytes.length - offset;
    if (size < headerBytes) break;
    boxes.push({
      type: bytes.toString('latin1', offset + 4, offset + 8),
      content: bytes.subarray(offset + headerBytes, offset + size),
      isComplete: offset + size <= bytes.length,
    });
    offset += size;
  }
  return boxes;
}
