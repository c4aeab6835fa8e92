import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkZone } from './zone-check.ts'

describe('hourly and daily schedules match a check of the clock every minute, in every zone from 2020 to 2030', () => {
  let checked = 0
  for (const zone of Intl.supportedValuesOf('timeZone')) {
    it(zone, () => {
      checked += checkZone(zone, 2020, 2031)
    })
  }

  it('which cover more than two thousand clock changes', () => assert.ok(checked > 2_000, `${checked}`))
})
