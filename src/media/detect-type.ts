/** What bytes are by what they begin with. */
export interface DetectedType {
  /** A type, whatever Gemini makes of it; absent where they begin like nothing that is known. */
  type?: string;
  /** What kind of archive they are, with its article. */
  archive?: string;
}

/**
 * The type that bytes have by what they begin with. Archives are told by their signature and never handed to file-type,
 * which unpacks them to see what is inside (21.3: `tar.gz`, `docx`).
 */
export async function detectType(head: Uint8Array): Promise<DetectedType> {
  const archive = archiveSignatures.find(([signature]) => signature.every((byte, index) => head[index] === byte))?.[1];
  if (archive !== undefined) return { archive };
  const { fileTypeFromBuffer } = await import('file-type/core');
  const type = await fileTypeFromBuffer(head);
  return type ? { type: type.mime } : {};
}

const archiveSignatures: readonly (readonly [signature: readonly number[], words: string])[] = [
  [[0x50, 0x4b, 3, 4], 'a zip archive'],
  [[0x50, 0x4b, 5, 6], 'a zip archive'],
  [[0x50, 0x4b, 7, 8], 'a zip archive'],
  [[0x1f, 0x8b], 'a gzip archive'],
];
