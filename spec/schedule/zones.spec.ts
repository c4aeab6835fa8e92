import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkZone } from './zone-check.ts'

/** One of each kind, in a year that has it; zones.slow.ts takes all zones and eleven years. */
const sample = [
  ['Europe/Berlin', 2026, 'an hour, at night'],
  ['Australia/Lord_Howe', 2026, 'half an hour'],
  ['Antarctica/Troll', 2026, 'two hours'],
  ['America/Santiago', 2026, 'at midnight'],
  ['America/Nuuk', 2026, 'a gap that ends on the next day'],
  ['Africa/Casablanca', 2026, 'for a month'],
  ['Pacific/Chatham', 2026, 'an offset with a quarter of an hour'],
  ['Africa/Juba', 2021, 'for good'],
] as const

describe('hourly and daily schedules match a check of the clock every minute', () => {
  for (const [zone, year, what] of sample) {
    it(`${zone}: ${what}`, () => assert.notEqual(checkZone(zone, year, year + 1), 0))
  }
})
