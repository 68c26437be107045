/**
 * The maximum size of a response: of one body, of one event stream, and of the messages of one Live turn, in bytes
 * after decompression. The longest reply of text has a few hundred kilobytes, and a quarter of an hour of speech 58 MB
 * in base64.
 */
export const maxBodyBytes = 64_000_000;

/**
 * The maximum size of a response that is not a reply, in bytes: a page of the model list, a token count, or a response
 * of the Files API.
 */
export const maxNonReplyBytes = 16_000_000;

/** How much of the body of an error is read, in bytes. Google's errors have a few kilobytes. */
export const maxErrorBytes = 262_144;

/** A body is larger than its limit. The rest of it is not read. */
export class BodyTooLarge extends Error {
  constructor(readonly maxBytes: number) {
    super(`larger than ${maxBytes / 1_000_000} MB`);
    this.name = 'BodyTooLarge';
  }
}
