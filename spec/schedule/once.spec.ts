import assert from 'node:assert/strict'
import { it } from 'node:test'
import { always, manual, nextRuns, once } from '../../lib/schedule/index.ts'

const at = new Date('2027-01-01T09:00:00Z')
const before = new Date('2026-12-31T00:00:00Z')

it('once comes once', () => {
  assert.deepEqual(nextRuns(once(at), 5, before), [at])
  assert.deepEqual(once(at).next(new Date(at.getTime() - 1)), at)
  assert.equal(once(at).next(at), undefined)
})

it('once comes although the machine slept over it, but not for a job that is first seen later', () => {
  assert.deepEqual(once(at).next(before, before), at)
  assert.equal(once(at).next(before, new Date('2028-01-01')), undefined)
})

it('once is not moved by changing the date that it was made of', () => {
  const date = new Date(at)
  const schedule = once(date)
  date.setFullYear(2030)
  assert.deepEqual(schedule.next(before), at)
})

it('manual and always never come by themselves and can be told apart', () => {
  for (const schedule of [manual(), always()]) assert.equal(schedule.next(before), undefined)
  assert.deepEqual([manual().kind, always().kind, once(at).kind], ['manual', 'always', 'once'])
  assert.deepEqual([manual(), always(), once(at)].map(String), ['manual', 'always', 'once at 2027-01-01T09:00:00.000Z'])
})

it('a date that is none is refused, when defined and when asked', () => {
  assert.throws(() => once(new Date('tomorrow')), { code: 'TIDINGS_SCHEDULE_INVALID', message: /Invalid Date/ })
  assert.throws(() => once('2027-01-01' as unknown as Date), {
    message: 'once: expected a valid Date, got "2027-01-01"',
  })
  assert.throws(() => once(at).next(new Date(Number.NaN)), { code: 'TIDINGS_SCHEDULE_INVALID' })
})
