import { createHash } from 'node:crypto'

/** The SHA-256 digest of a text in utf8. */
export function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * A number from 0 up to 1, without 1, that looks random and is always the same for the same text: delays that are drawn
 * from it survive a restart, and repeat in a simulation.
 */
export function hashShare(text: string): number {
  return hash(text).readUInt32BE(0) / 2 ** 32
}
