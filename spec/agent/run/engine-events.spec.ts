import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TidingsError } from '../../../lib/core/errors.ts'
import { type JobContext, job } from '../../../lib/job/job.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { always, every } from '../../../lib/schedule/index.ts'
import { type Place, place, wrap } from '../../support/agent-harness.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const make = (n: number) => ({ type: 'made', identifier: String(n), data: n })

/** Advances minute by minute, so that no run sees the clock stand still. */
async function pass({ clock }: Place, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) await clock.advance(MINUTE)
}

/** The engine's events so far: minutes after `begin`, type, and parts of the data. */
async function engineEventsOf({ events }: Place, begin: number, ...parts: string[]): Promise<unknown[]> {
  const found = (await events()).filter(({ type }) => type.startsWith('tidings.'))
  return found.map(({ type, created, data }) => [
    Math.floor((created - begin) / MINUTE),
    type.slice('tidings.'.length),
    ...parts.map((part) => (data as Record<string, unknown>)[part]),
  ])
}

/** A source that pushes an event after each of these minutes, and then nothing. */
const pushes =
  ({ clock }: Place, minutes: readonly number[], from = 0) =>
  async ({ publish, signal }: JobContext) => {
    for (const [n, wait] of minutes.entries()) {
      await new Promise<void>((resolve) => void clock.timer(resolve, wait * MINUTE))
      if (signal.aborted) return
      publish('made', String(from + n), n)
    }
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }

const times = (count: number, minutes: number): number[] => Array.from({ length: count }, () => minutes)

describe('a job that fails', () => {
  it('is announced once after three failures in a row, and so is its recovery', async (t) => {
    const here = await place(t)
    const begin = here.clock.now()
    const failures = [true, true, false, true, true, true, true, false, true, false]
    let run = 0
    await here.begin([
      job('j', every(1).minute, () => {
        if (failures[run++] === true) throw new Error(`failure ${run}`)
      }),
    ])
    await pass(here, failures.length)
    assert.deepEqual(await engineEventsOf(here, begin, 'job', 'failures'), [
      [6, 'job.failed', 'j', 3],
      [8, 'job.recovered', 'j', 4],
    ])
  })

  it('continues to count after a restart', async (t) => {
    const here = await place(t)
    const parts = [job('j', every(1).minute, () => assert.fail('no'))]
    const running = await here.begin(parts)
    await pass(here, 2)
    await here.end(running)
    assert.equal((await here.events()).length, 0)
    await here.begin(parts)
    await pass(here, 1)
    assert.equal((await here.events()).length, 1)
  })
})

describe('a job that publishes nothing any more', () => {
  it('is announced once, after an hour if its gaps were short', async (t) => {
    const here = await place(t)
    const begin = here.clock.now()
    let run = 0
    await here.begin([job('j', every(1).minute, () => (run++ < 11 ? make(run) : []))])
    await pass(here, 11 + 60)
    assert.deepEqual(await engineEventsOf(here, begin), [])
    await pass(here, 200)
    assert.deepEqual(await engineEventsOf(here, begin, 'gap', 'longestBefore'), [
      [72, 'job.silent', 61 * MINUTE, MINUTE],
    ])
  })

  it('is announced after four times the longest of its last fifty gaps; older gaps are forgotten', async (t) => {
    const here = await place(t)
    const begin = here.clock.now()
    const at = new Set([1, 31, ...Array.from({ length: 49 }, (_, n) => 32 + n)])
    let run = 0
    await here.begin([job('j', every(1).minute, () => (at.has(++run) || run === 200 ? make(run) : []))])
    await pass(here, 199)
    // A gap of 30 minutes among the fifty: two hours.
    assert.deepEqual(await engineEventsOf(here, begin, 'longestBefore'), [])
    await pass(here, 2)
    // Now the gap of 120 minutes is the longest.
    await pass(here, 480)
    assert.deepEqual(await engineEventsOf(here, begin, 'longestBefore'), [[681, 'job.silent', 120 * MINUTE]])
  })

  it('is not announced with fewer than ten gaps', async (t) => {
    const here = await place(t)
    let run = 0
    await here.begin([job('j', every(1).minute, () => (run++ < 10 ? make(run) : []))])
    await pass(here, 200)
    assert.equal((await here.events()).length, 10)
  })
})

describe('a source that pushes, and falls silent', () => {
  it('is announced although its run never ends, with the time of its last event', async (t) => {
    const here = await place(t)
    const begin = here.clock.now()
    await here.begin([job('push', always(), pushes(here, times(11, 5)))])
    await pass(here, 55 + 60)
    assert.deepEqual(await engineEventsOf(here, begin), [])
    await pass(here, 200)
    const since = new Date(begin + 55 * MINUTE).toISOString()
    assert.deepEqual(await engineEventsOf(here, begin, 'since', 'longestBefore'), [
      [116, 'job.silent', since, 5 * MINUTE],
    ])
  })

  it('is not announced with fewer than ten gaps, or while it publishes now and then', async (t) => {
    const here = await place(t)
    const begin = here.clock.now()
    await here.begin([
      job('few', always(), pushes(here, times(10, 5))),
      job('goes on', always(), pushes(here, times(30, 55), 100)),
    ])
    await pass(here, 29 * 55)
    assert.deepEqual(await engineEventsOf(here, begin), [])
  })

  it('counts events within a minute as one: a burst does not set the usual gap', async (t) => {
    const here = await place(t)
    const begin = here.clock.now()
    const burst = async ({ publish, signal }: JobContext) => {
      for (let n = 0; n < 60; n++) publish('made', String(n), n)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    await here.begin([job('push', always(), burst)])
    await pass(here, 300)
    assert.deepEqual(await engineEventsOf(here, begin), [])
  })

  it('gets its usual gap after a restart, and is announced then', async (t) => {
    const here = await place(t)
    const begin = here.clock.now()
    const first = await here.begin([job('push', always(), pushes(here, times(11, 30)))])
    await pass(here, 11 * 30 + 1)
    await here.end(first)
    await here.clock.advance(24 * HOUR)
    const restart = here.clock.now()
    await here.begin([job('push', always(), pushes(here, []))])
    await pass(here, 29)
    assert.deepEqual(await engineEventsOf(here, begin), [])
    await pass(here, 1)
    assert.deepEqual(await engineEventsOf(here, restart, 'longestBefore'), [[30, 'job.silent', 30 * MINUTE]])
  })
})

describe('a parked event', () => {
  it('causes an announcement; announcements of announcements end after eight causes', async (t) => {
    const here = await place(t)
    const options = { attempts: 1, from: 'start' } as const
    await here.begin([
      listener('fails', on('made'), () => assert.fail('no'), options),
      listener('fails too', on('tidings.*'), () => assert.fail('no'), options),
    ])
    await here.log.accept([make(1)])
    await here.clock.advance(1000)
    const [, ...announced] = await here.events()
    const { error: _, ...told } = (announced[0]?.data ?? {}) as Record<string, unknown>
    assert.deepEqual(told, { listener: 'fails', seq: 1, type: 'made', identifier: '1', attempts: 1 })
    assert.deepEqual(
      announced.map(({ type, cause }) => [type, cause]),
      Array.from({ length: 8 }, (_, n) => ['tidings.listener.parked', n + 1]),
    )
  })
  it('is announced once, after a restart if the process died or the log failed before that', async (t) => {
    const here = await place(t)
    let dead = true
    const failing = wrap(here.log, {
      accept: async (drafts, origin) => {
        const isEngineEvent = drafts.some(({ type }) => type.startsWith('tidings.'))
        if (dead && isEngineEvent) throw new TidingsError('TIDINGS_LOG_FAILED', 'the disk is full')
        return here.log.accept(drafts, origin)
      },
    })
    const parts = [listener('fails', on('made'), () => assert.fail('no'), { attempts: 1, from: 'start' })]
    const first = await here.begin(parts, { log: failing })
    await here.log.accept(Array.from({ length: 250 }, (_, n) => make(n)))
    await here.clock.advance(5000)
    await here.end(first)
    const told = async () =>
      (await here.events()).filter(({ type }) => type === 'tidings.listener.parked').map(({ cause }) => cause)
    assert.deepEqual(await told(), [])
    dead = false
    const second = await here.begin(parts)
    await here.clock.advance(1000)
    const seqs = Array.from({ length: 250 }, (_, n) => n + 1)
    assert.deepEqual(
      (await told()).sort((a = 0, b = 0) => a - b),
      seqs,
    )
    await here.end(second)
    await here.begin(parts)
    await here.clock.advance(1000)
    assert.equal((await told()).length, 250)
  })

  it('is announced as soon as a failed log accepts events again', async (t) => {
    const here = await place(t)
    let failures = 3
    const failing = wrap(here.log, {
      accept: async (drafts, origin) => {
        if (drafts.some(({ type }) => type.startsWith('tidings.')) && failures-- > 0)
          throw new TidingsError('TIDINGS_LOG_FAILED', 'the disk is full')
        return here.log.accept(drafts, origin)
      },
    })
    const parts = [listener('fails', on('made'), () => assert.fail('no'), { attempts: 1, from: 'start' })]
    await here.begin(parts, { log: failing })
    await here.log.accept([make(1)])
    await here.clock.advance(5000)
    assert.equal((await here.events()).filter(({ type }) => type === 'tidings.listener.parked').length, 1)
  })
})
