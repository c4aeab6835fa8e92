import type { Arbitrary } from 'fast-check'
import { fc } from './fast-check.ts'

/**
 * Any character of Unicode: generates and shrinks as the unit `'binary'` of `fc.string` does. For that unit, fast-check
 * builds a map of all 1.1 million characters in each process, to look up the few that it shrinks: that takes a second.
 */
export const anyCharacter: Arbitrary<string> = fc.nat(0x10_ffff - 0x800).map(characterAt, placeOf)

// Skips the halves of surrogate pairs.
function characterAt(place: number): string {
  return String.fromCodePoint(place < 0xd800 ? place : place + 0x800)
}

function placeOf(value: unknown): number {
  const point = typeof value === 'string' ? value.codePointAt(0) : undefined
  const place = point === undefined || point < 0xd800 ? point : point - 0x800
  if (place === undefined || characterAt(place) !== value) throw new Error('not one character')
  return place
}
