import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { firstValueFrom, lastValueFrom, map, take, toArray } from 'rxjs'
import type { StoredEvent } from '../../lib/core/event.ts'
import { memoryLog, openLog } from '../../lib/level/open-log.ts'
import { events$, type FollowOptions } from '../../lib/log/events.ts'
import type { Log } from '../../lib/log/port.ts'
import { draft, draftsOf } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { FaultySource, faultyLog } from '../level/faults.ts'
import { unhandled, wrap } from '../support/agent-harness.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

describe('the events of a log as an Observable', () => {
  it('replays all events, optionally from a seq, and completes unless it is live', async () => {
    const log = await memoryLog()
    const all = (await log.accept(draftsOf(700))).map(({ event }) => event)
    assert.deepEqual(await lastValueFrom(events$(log, { live: false }).pipe(toArray())), all)
    const rest = events$(log, { live: false, after: 697 }).pipe(toArray())
    assert.deepEqual(await lastValueFrom(rest), all.slice(697))
    assert.deepEqual(await lastValueFrom(events$(log, { live: false, after: 700 }).pipe(toArray())), [])
    await log.close()
  })

  it('need a log, not a promise of one', async () => {
    const log = memoryLog()
    assert.throws(() => events$(log as never), { code: 'TIDINGS_LOG_INVALID', message: /got a Promise/ })
    await (await log).close()
  })

  it('rejects an unknown option', async () => {
    const log = await memoryLog()
    assert.throws(() => events$(log, { aftr: 5 } as never), { code: 'TIDINGS_LOG_INVALID', message: /"aftr".*"after"/ })
    await log.close()
  })

  it('continues from replay to live events without gap or repeat, while others publish', async () => {
    const calls = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 60 }), calls, async (before, calls) => {
        const log = await memoryLog()
        await log.accept(draftsOf(before, 'before '))
        const total = before + calls.reduce((sum, count) => sum + count, 0)
        const heard = lastValueFrom(events$(log).pipe(take(total), toArray()), { defaultValue: [] })
        const accepted = calls.map((count, i) => log.accept(draftsOf(count, `${i} `)))
        const found = await heard
        await Promise.all(accepted)
        assert.deepEqual(
          found.map(({ seq }) => seq),
          Array.from({ length: total }, (_, i) => i + 1),
        )
        await log.close()
      }),
      { numRuns: 40 },
    )
  })

  it('is cold: each subscriber hears every event, and none after it unsubscribes', async () => {
    const log = await memoryLog()
    await log.accept(draftsOf(3))
    const heard: number[] = []
    const one = events$(log).subscribe(({ seq }) => heard.push(seq))
    await until(() => heard.length >= 3)
    one.unsubscribe()
    const two = firstValueFrom(events$(log))
    await log.accept([draft('later')])
    await firstValueFrom(events$(log, { after: 3 }))
    assert.deepEqual(heard, [1, 2, 3])
    assert.equal((await two).seq, 1)
    await log.close()
  })

  it('reads no further than its subscriber consumes', async () => {
    const log = await memoryLog()
    await log.accept(draftsOf(2000))
    let read = 0
    const counting = Object.assign(Object.create(log) as typeof log, {
      async *events(query: Parameters<typeof log.events>[0]) {
        for await (const event of log.events(query)) {
          read += 1
          yield event
        }
      },
      last: () => log.last(),
    })
    await lastValueFrom(events$(counting).pipe(take(5)))
    // Another subscriber reads to the end of the log meanwhile.
    await lastValueFrom(events$(log, { live: false }))
    assert(read <= 6)
    await log.close()
  })

  it('completes when the log is closed, at any point', async () => {
    for (const count of [0, 3, 2000]) {
      const log = await memoryLog()
      await log.accept(draftsOf(count))
      const heard: number[] = []
      const ended = new Promise<void>((resolve, reject) => {
        events$(log).subscribe({
          next: ({ seq }) => {
            heard.push(seq)
            // In the middle of a page, and in the middle of the log.
            if (seq === 700) void log.close()
          },
          complete: resolve,
          error: reject,
        })
      })
      await until(() => heard.length >= Math.min(count, 700))
      await log.close()
      await ended
      assert.deepEqual(
        heard,
        Array.from({ length: heard.length }, (_, i) => i + 1),
      )
    }
  })

  it('waits while the log reopens after a failed write, and continues from there', async () => {
    const source = new FaultySource()
    const clock = virtualClock()
    const { log } = await faultyLog({ source, clock })
    const heard: number[] = []
    const following = events$(log).subscribe(({ seq }) => heard.push(seq))
    await log.accept(draftsOf(2))
    source.failingOpens = 3
    source.next('lose')
    await assert.rejects(log.accept([draft('lost')]))
    const late: number[] = []
    const joined = events$(log).subscribe(({ seq }) => late.push(seq))
    await clock.advance(60_000)
    await log.accept([draft('after')])
    await until(() => heard.length >= 3 && late.length >= 3)
    assert.deepEqual(heard, [1, 2, 3])
    assert.deepEqual(late, [1, 2, 3])
    following.unsubscribe()
    joined.unsubscribe()
    await log.close()
    assert.equal(clock.timers, 0)
  })
})

describe('the events of a log, for subscribers that come and go', () => {
  const seqs = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

  /** The emitted events, and how the stream ended. */
  const collect = (log: Log, options: FollowOptions = {}) => {
    const out: unknown[] = []
    const subscription = events$(log, options).subscribe({
      next: ({ seq }) => out.push(seq),
      error: (error) => out.push(error.code ?? error.message),
      complete: () => out.push('done'),
    })
    return { out, leave: () => subscription.unsubscribe() }
  }

  it('can start after a future seq', async () => {
    const log = await memoryLog()
    await log.accept(draftsOf(3))
    const { out } = collect(log, { after: 5 })
    await lastValueFrom(events$(log, { live: false }))
    await log.accept(draftsOf(4, 'later '))
    await until(() => out.length >= 2)
    assert.deepEqual(out, [6, 7])
    await log.close()
    await until(() => out.length >= 3)
    assert.deepEqual(out, [6, 7, 'done'])
  })

  it('are read no further for a subscriber that left: at once, or while waiting', async () => {
    const log = await memoryLog()
    await log.accept(draftsOf(10))
    let read = 0
    const counting = wrap(log, {
      async *events(query) {
        for await (const event of log.events(query)) {
          read += 1
          yield event
        }
      },
    })
    collect(counting).leave()
    await lastValueFrom(events$(log, { live: false }))
    assert.ok(read <= 1)
    read = 0
    const { out, leave } = collect(counting)
    await until(() => out.length >= 10)
    leave()
    await log.accept(draftsOf(5, 'later '))
    await lastValueFrom(events$(log, { live: false }))
    assert.deepEqual([out, read], [seqs(1, 10), 10])
    await log.close()
  })

  it('end in an error if an operator throws, and are read no further', async () => {
    const log = await memoryLog()
    await log.accept(draftsOf(10))
    const out: unknown[] = []
    const upToTwo = map(({ seq }: StoredEvent) => {
      if (seq === 3) throw new Error('no')
      return seq
    })
    const seen = await unhandled(async () => {
      events$(log)
        .pipe(upToTwo)
        .subscribe({ next: (seq) => out.push(seq), error: (error) => out.push(error.message) })
      await until(() => out.length >= 3)
      await lastValueFrom(events$(log, { live: false }))
    })
    assert.deepEqual([out, seen], [[1, 2, 'no'], []])
    await log.close()
  })

  it('end in an error if the log is closed before every requested event was emitted', async () => {
    const log = await memoryLog()
    await log.accept(draftsOf(3000))
    const ended = events$(log, { live: false }).pipe(map(({ seq }) => (seq === 700 ? void log.close() : undefined)))
    await assert.rejects(lastValueFrom(ended), { code: 'TIDINGS_LOG_CLOSED' })
    await assert.rejects(lastValueFrom(events$(log, { live: false })), { code: 'TIDINGS_LOG_CLOSED' })
  })

  it('are emitted once each, in order, on disk and in memory, at any time of subscribing', async (t) => {
    const directory = temporaryDirectory(t)
    let round = 0
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (calls, disk) => {
        const log = disk
          ? await openLog(join(directory, String(round++)), { durability: 'relaxed' })
          : await memoryLog()
        const total = calls.reduce((sum, count) => sum + count, 0)
        const listening: { readonly from: number; readonly all: Promise<StoredEvent[]> }[] = []
        const accepting: Promise<unknown>[] = []
        let before = 0
        for (const [i, count] of calls.entries()) {
          // From a seq that may or may not exist by now.
          const from = Math.max(0, before - 7 * i)
          const all = events$(log, { after: from }).pipe(take(total - from), toArray())
          listening.push({ from, all: lastValueFrom(all) })
          accepting.push(log.accept(draftsOf(count, `${i} `)))
          before += count
          if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
        }
        await Promise.all(accepting)
        for (const { from, all } of listening) {
          assert.deepEqual(
            (await all).map(({ seq }) => seq),
            seqs(from + 1, total),
          )
        }
        await log.close()
      }),
      { numRuns: 30 },
    )
  })
})
