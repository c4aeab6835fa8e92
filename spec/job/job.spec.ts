import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isJob, job } from '../../lib/job/job.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { always, every } from '../../lib/schedule/index.ts'

const nothing = () => undefined
const hourly = every(1).hour

describe('job', () => {
  it('is a value with its defaults', () => {
    const made = job('make', hourly, nothing)
    assert.ok(isJob(made))
    assert.deepEqual([made.kind, made.name, made.schedule, made.run], ['job', 'make', hourly, nothing])
    assert.deepEqual(made.settings, {
      overlap: 'skip',
      missed: 'once',
      timeout: 300_000,
      retry: 0,
      jitter: 0,
      atStart: false,
      first: 'tell',
      publishes: [],
      tags: [],
      enabled: true,
      formerly: undefined,
      flood: { new: 20, share: 0.9 },
    })
    assert.equal(job('push', always(), nothing).settings.timeout, undefined)
    assert.equal(job('push', always(), nothing, { timeout: '1h' }).settings.timeout, 3_600_000)
    for (const other of [undefined, null, {}, { kind: 'job', name: 'x' }, 'job']) assert.equal(isJob(other), false)
  })

  const wrong: [what: string, define: () => unknown, words: RegExp][] = [
    ['no name', () => job('', hourly, nothing), /name of a job.*""/],
    ['a number as name', () => job(5 as never, hourly, nothing), /name of a job.*5/],
    ['a name of more than 256 bytes', () => job('é'.repeat(129), hourly, nothing), /name of a job.*258 bytes/],
    [
      'a name with half a surrogate pair',
      () => job('a\ud800', hourly, nothing),
      /name of a job.*half a surrogate pair/,
    ],
    ['no schedule', () => job('x', undefined as never, nothing), /"x" needs a schedule.*undefined/],
    ['a count for a schedule', () => job('x', every(2), nothing), /"x" needs a schedule.*without a unit/],
    ['words for a schedule', () => job('x', '10m' as never, nothing), /"x" needs a schedule.*"10m"/],
    ['no function', () => job('x', hourly, 'run' as never), /"x" needs a function to run.*"run"/],
    ['an unknown overlap', () => job('x', hourly, nothing, { overlap: 'wait' as never }), /overlap of job "x".*"wait"/],
    ['an unknown missed', () => job('x', hourly, nothing, { missed: 'none' as never }), /missed of job "x".*"none"/],
    ['an unknown first', () => job('x', hourly, nothing, { first: 'skip' as never }), /first of job "x".*"skip"/],
    ['first: null', () => job('x', hourly, nothing, { first: null as never }), /first of job "x".*null/],
    ['a negative number to tell first', () => job('x', hourly, nothing, { first: { tell: -1 } }), /first of job "x"/],
    [
      'an unknown option of first',
      () => job('x', hourly, nothing, { first: { tell: 1, show: 2 } as never }),
      /options of first of job "x" have no "show"/,
    ],
    ['a word for tags', () => job('x', hourly, nothing, { tags: 'nightly' as never }), /tags of job "x".*"nightly"/],
    ['tags that are not strings', () => job('x', hourly, nothing, { tags: [1] as never }), /tags of job "x"/],
    ['a number as options', () => job('x', hourly, nothing, 5 as never), /options of job "x".*5/],
    ['a word for atStart', () => job('x', hourly, nothing, { atStart: 'no' as never }), /atStart of job "x".*"no"/],
    ['a word for enabled', () => job('x', hourly, nothing, { enabled: 'no' as never }), /enabled of job "x".*"no"/],
    ['names for event types', () => job('x', hourly, nothing, { publishes: ['a'] as never }), /publishes of job "x"/],
    ['an empty older name', () => job('x', hourly, nothing, { formerly: '' }), /formerly of job "x".*""/],
    ['true for flood', () => job('x', hourly, nothing, { flood: true as never }), /flood of job "x".*got true/],
    ['null for flood', () => job('x', hourly, nothing, { flood: null as never }), /flood of job "x".*got null/],
    ['no new identities for a flood', () => job('x', hourly, nothing, { flood: { new: 0 } }), /flood of job "x"/],
    ['a share of more than all', () => job('x', hourly, nothing, { flood: { share: 1.1 } }), /flood of job "x"/],
    ['a share of nothing', () => job('x', hourly, nothing, { flood: { share: 0 } }), /flood of job "x"/],
    ['a word as share', () => job('x', hourly, nothing, { flood: { share: '90%' as never } }), /flood of job "x"/],
    ['a misspelt limit', () => job('x', hourly, nothing, { flood: { news: 3 } as never }), /flood of job "x".*news/],
    ['half a retry', () => job('x', hourly, nothing, { retry: 0.5 }), /retry of job "x".*0\.5/],
  ]
  for (const [what, define, words] of wrong) {
    it(`rejects ${what}, naming it`, () => {
      assert.throws(define, { code: 'TIDINGS_JOB_INVALID', message: words })
    })
  }

  const durations: [JobOptions, RegExp][] = [
    [{ timeout: 0 }, /timeout of job "x"/],
    [{ timeout: 'soon' }, /timeout of job "x".*"soon"/],
    [{ timeout: Number.POSITIVE_INFINITY }, /timeout of job "x"/],
    [{ timeout: null as never }, /timeout of job "x".*null/],
    [{ jitter: -1 }, /jitter of job "x"/],
  ]
  for (const [options, words] of durations) {
    it(`rejects ${JSON.stringify(options)}, naming it`, () => {
      assert.throws(() => job('x', hourly, nothing, options), { code: 'TIDINGS_DURATION_INVALID', message: words })
    })
  }
})
