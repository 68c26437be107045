import { createHash } from 'node:crypto';

/** Hashes a text to an integer of 52 bits, so that a set of a million hashes needs little memory. */
export function hashToInteger(text: string): number {
  const hash = createHash('sha256').update(text).digest();
  return hash.readUIntBE(0, 6) * 16 + ((hash[6] ?? 0) & 15);
}
