/** The first bytes of media and other files, enough to detect their types. */
export const mediaBytes = {
  png: Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
  wav: Buffer.concat([Buffer.from('RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0', 'latin1'), Buffer.alloc(24)]),
  mp3: Buffer.concat([
    Buffer.from('ID3\x04\0\0\0\0\0\x0a', 'latin1'),
    Buffer.alloc(10),
    Buffer.from([0xff, 0xfb, 0x90, 0x44]),
    Buffer.alloc(600),
  ]),
  flac: Buffer.concat([Buffer.from('fLaC\0\0\0\x22', 'latin1'), Buffer.alloc(34)]),
  aiff: Buffer.from('FORM\0\0\0\x2eAIFFCOMM\0\0\0\x12', 'latin1'),
  mp4: Buffer.from('\0\0\0\x18ftypisom\0\0\x02\0isomiso2\0\0\0\x08free', 'latin1'),
  mov: Buffer.from('\0\0\0\x14ftypqt  \0\0\x02\0qt  \0\0\0\x08wide', 'latin1'),
  avi: Buffer.from('RIFF\x24\0\0\0AVI LIST\x10\0\0\0hdrlavih', 'latin1'),
  flv: Buffer.from('FLV\x01\x05\0\0\0\x09\0\0\0\0', 'latin1'),
  m4a: Buffer.from('\0\0\0\x18ftypM4A \0\0\x02\0M4A isom\0\0\0\x08free', 'latin1'),
  webm: Buffer.from('\x1a\x45\xdf\xa3\x87\x42\x82\x84webm', 'latin1'),
  pdf: Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n'),
  zip: Buffer.from('PK\x03\x04\x14\0\0\0\x08\0', 'latin1'),
  gzip: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
  /** Bytes of no known format. */
  noise: Buffer.from([0x93, 0x01, 0xfe, 0x00, 0x80, 0x9a, 0xc3, 0x28]),
};

/** Creates a video of a given size. */
export function createVideo(byteLength: number): Buffer {
  const video = Buffer.alloc(byteLength, 7);
  mediaBytes.mp4.copy(video);
  return video;
}

/**
 * Creates an MP4 file with a track for each handler type, such as `soun`. The list of tracks is at the end of the file.
 */
export function createMp4(...handlers: string[]): Buffer {
  const box = (type: string, ...content: Buffer[]) => {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(8 + content.reduce((sum, { length }) => sum + length, 0));
    header.write(type, 4, 'latin1');
    return Buffer.concat([header, ...content]);
  };
  const tracks = handlers.map((handler) => {
    const name = Buffer.from(`\0\0\0\0\0\0\0\0${handler}\0\0\0\0\0\0\0\0\0\0\0\0\0`, 'latin1');
    return box('trak', box('tkhd', Buffer.alloc(84)), box('mdia', box('mdhd', Buffer.alloc(24)), box('hdlr', name)));
  });
  const brands = Buffer.from('mp42\0\0\0\0mp42isom', 'latin1');
  return Buffer.concat([
    box('ftyp', brands),
    box('mdat', Buffer.alloc(5000)),
    box('moov', box('mvhd', Buffer.alloc(100)), ...tracks),
  ]);
}
