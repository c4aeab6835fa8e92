import assert from 'node:assert/strict'
import { it } from 'node:test'
import { always, manual, nextRuns, once } from '../../lib/schedule/index.ts'

const at = new Date('2027-01-01T09:00:00Z')
const before = new Date('2026-12-31T00:00:00Z')

it('once has one slot', () => {
  assert.deepEqual(nextRuns(once(at), 5, before), [at])
  assert.deepEqual(once(at).next(new Date(at.getTime() - 1)), at)
  assert.equal(once(at).next(at), undefined)
})

it('once has its slot even after it passed, but not for a job first seen later', () => {
  assert.deepEqual(once(at).next(before, before), at)
  assert.equal(once(at).next(before, new Date('2028-01-01')), undefined)
})

it('once does not change with the Date it was made from', () => {
  const date = new Date(at)
  const schedule = once(date)
  date.setFullYear(2030)
  assert.deepEqual(schedule.next(before), at)
})

it('manual and always have no slots and different kinds', () => {
  for (const schedule of [manual(), always()]) assert.equal(schedule.next(before), undefined)
  assert.deepEqual([manual().kind, always().kind, once(at).kind], ['manual', 'always', 'once'])
  assert.deepEqual([manual(), always(), once(at)].map(String), ['manual', 'always', 'once at 2027-01-01T09:00:00.000Z'])
})

it('an invalid Date is rejected, in the definition and in next()', () => {
  assert.throws(() => once(new Date('tomorrow')), { code: 'TIDINGS_SCHEDULE_INVALID', message: /Invalid Date/ })
  assert.throws(() => once('2027-01-01' as unknown as Date), {
    message: 'once: expected a valid Date, got "2027-01-01"',
  })
  assert.throws(() => once(at).next(new Date(Number.NaN)), { code: 'TIDINGS_SCHEDULE_INVALID' })
})
