import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs'
import { events$ } from '../../lib/log/events.ts'
import { memoryLog } from '../../lib/log/open-log.ts'
import { draft, draftsOf } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { FaultySource, faultyLog, turns } from './faults.ts'

describe('the events of a log as an Observable', () => {
  it('replays all, from a seq if it is told to, and completes when it is not to follow', async () => {
    const log = await memoryLog()
    const all = (await log.accept(draftsOf(700))).map(({ event }) => event)
    assert.deepEqual(await lastValueFrom(events$(log, { live: false }).pipe(toArray())), all)
    const rest = events$(log, { live: false, after: 697 }).pipe(toArray())
    assert.deepEqual(await lastValueFrom(rest), all.slice(697))
    assert.deepEqual(await lastValueFrom(events$(log, { live: false, after: 700 }).pipe(toArray())), [])
    await log.close()
  })

  it('goes over from replay to what comes, without gap or repeat, while others publish', async () => {
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

  it('is cold: each subscriber hears all, and one that is gone hears no more', async () => {
    const log = await memoryLog()
    await log.accept(draftsOf(3))
    const heard: number[] = []
    const one = events$(log).subscribe(({ seq }) => heard.push(seq))
    await turns()
    one.unsubscribe()
    const two = firstValueFrom(events$(log))
    await log.accept([draft('later')])
    await turns()
    assert.deepEqual(heard, [1, 2, 3])
    assert.equal((await two).seq, 1)
    await log.close()
  })

  it('reads no further than its subscriber listens', async () => {
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
    await turns()
    assert(read <= 6)
    await log.close()
  })

  it('completes when the log is closed, wherever it is', async () => {
    for (const count of [0, 3, 2000]) {
      const log = await memoryLog()
      await log.accept(draftsOf(count))
      const heard: number[] = []
      const ended = new Promise<void>((resolve, reject) => {
        events$(log).subscribe({
          next: ({ seq }) => {
            heard.push(seq)
            // In the middle of a page, and of the whole.
            if (seq === 700) void log.close()
          },
          complete: resolve,
          error: reject,
        })
      })
      await turns()
      await log.close()
      await ended
      assert.deepEqual(
        heard,
        Array.from({ length: heard.length }, (_, i) => i + 1),
      )
    }
  })

  it('waits while the log is being opened again after a failed write, and goes on from there', async () => {
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
    await turns()
    assert.deepEqual(heard, [1, 2, 3])
    assert.deepEqual(late, [1, 2, 3])
    following.unsubscribe()
    joined.unsubscribe()
    await log.close()
    assert.equal(clock.timers, 0)
  })
})
