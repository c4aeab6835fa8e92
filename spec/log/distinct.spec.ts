import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { concat, from, lastValueFrom, NEVER, of, Subject, throwError, toArray } from 'rxjs'
import type { StoredEvent } from '../../lib/core/event.ts'
import { distinctByIdentifier } from '../../lib/log/distinct.ts'
import { memoryLog } from '../../lib/log/open-log.ts'
import { draft, draftsOf, refused } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { FaultySource, faultyLog, turns } from './faults.ts'

describe('distinctByIdentifier', () => {
  it('lets each identity pass once, in order, as the event that was stored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 8 }), { maxLength: 60 }), async (offered) => {
        const log = await memoryLog()
        const drafts = offered.map((n, i) => draft(`${n}`, i))
        const passed = await lastValueFrom(from(drafts).pipe(distinctByIdentifier(log), toArray()))
        assert.deepEqual(
          passed.map(({ identifier }) => identifier),
          [...new Set(offered)].map(String),
        )
        for (const event of passed) assert.deepEqual(await log.get('it', event.identifier), event)
        await log.close()
      }),
      { numRuns: 40 },
    )
  })

  it('passes nothing that was accepted earlier', async () => {
    const log = await memoryLog()
    await log.accept(draftsOf(3))
    const passed = await lastValueFrom(from(draftsOf(5)).pipe(distinctByIdentifier(log), toArray()))
    assert.deepEqual(
      passed.map(({ seq }) => seq),
      [4, 5],
    )
    await log.close()
  })

  it('passes an event once it is durable, not before', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    source.hold()
    const passed: StoredEvent[] = []
    from(draftsOf(2))
      .pipe(distinctByIdentifier(log))
      .subscribe((event) => passed.push(event))
    await turns()
    assert.equal(passed.length, 0)
    source.release()
    await turns()
    assert.equal(passed.length, 2)
    await log.close()
  })

  it('is done when its source is, after the last answer; empty for empty', async () => {
    const log = await memoryLog()
    assert.deepEqual(await lastValueFrom(of().pipe(distinctByIdentifier(log), toArray())), [])
    const heard: unknown[] = []
    concat(of(draft('1')), NEVER)
      .pipe(distinctByIdentifier(log))
      .subscribe({ next: ({ seq }) => heard.push(seq), complete: () => heard.push('end') })
    await turns()
    assert.deepEqual(heard, [1])
    await log.close()
  })

  it("hands on an error of its source after the events before it, and a draft that is refused as the stream's own", async () => {
    const log = await memoryLog()
    const heard: unknown[] = []
    const listen = {
      next: ({ seq }: StoredEvent) => heard.push(seq),
      error: (error: Error) => heard.push(error.message),
    }
    concat(
      from(draftsOf(2)),
      throwError(() => new Error('broken')),
    )
      .pipe(distinctByIdentifier(log))
      .subscribe(listen)
    await turns()
    assert.deepEqual(heard, [1, 2, 'broken'])
    const drafts = from([draft('ok'), draft('bad', 1n), draft('after')])
    await assert.rejects(lastValueFrom(drafts.pipe(distinctByIdentifier(log))), refused('TIDINGS_DATA_INVALID'))
    await log.close()
  })

  it('says nothing to whoever has left, and leaves its source too', async () => {
    const log = await memoryLog()
    const source = new Subject<ReturnType<typeof draft>>()
    const passed: StoredEvent[] = []
    const listening = source.pipe(distinctByIdentifier(log)).subscribe((event) => passed.push(event))
    source.next(draft('1'))
    listening.unsubscribe()
    await turns()
    assert.equal(passed.length, 0)
    assert.equal(source.observed, false)
    await log.close()
  })
})
