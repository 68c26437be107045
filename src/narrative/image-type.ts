/**
 * The pictures that Gemini reads (ai.google.dev/gemini-api/docs/image-understanding, "Supported image formats", read
 * 2026-11). GIF is not among them: the service answers 400 "Unsupported MIME type: image/gif".
 */
export const imageTypes: readonly string[] = ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif'];

/** The same list for a person. */
export const imageTypeWords = 'png, jpeg, webp, heic and heif';

/** The type that bytes have by what they begin with, whatever it is; nothing where they are of no known type. */
export async function typeOfBytes(bytes: Uint8Array): Promise<string | undefined> {
  const { fileTypeFromBuffer } = await import('file-type/core');
  const type = await fileTypeFromBuffer(bytes);
  // An animated PNG is a PNG, and the service knows it by no other name.
  return type?.mime === 'image/apng' ? 'image/png' : type?.mime;
}

/** The usual spelling of a type: the service refuses `image/jpg` ("Unsupported MIME type", seen 2026-01). */
export function usualType(mime: string): string {
  const type = mime.trim().toLowerCase();
  return type === 'image/jpg' ? 'image/jpeg' : type;
}

/** Whether bytes may go under a stated type. HEIC is a kind of HEIF, and both names are used for the same files. */
export function isSameType(stated: string, found: string): boolean {
  const family = (type: string) => (type === 'image/heic' ? 'image/heif' : type);
  return family(stated) === family(found);
}
