import { createHash } from 'node:crypto';

/** Hashes a text to an integer of 52 bits, so that a set of a million hashes needs little memory. */
export function hashToInteger(text: string): number {
  return shortenHash(hashText(text));
}

/** Hashes a text: SHA-256. */
export function hashText(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Returns an integer of 52 bits from a hash. */
export function shortenHash(hash: Buffer): number {
  return hash.readUIntBE(0, 6) * 16 + ((hash[6] ?? 0) & 15);
}
