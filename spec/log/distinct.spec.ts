import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { concat, from, lastValueFrom, map, NEVER, of, Subject, throwError, toArray } from 'rxjs'
import type { StoredEvent } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { memoryLog, openLog } from '../../lib/level/open-log.ts'
import { distinctByIdentifier } from '../../lib/log/distinct.ts'
import { draft, draftsOf, refused } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { FaultySource, faultyLog, writeBegun } from '../level/faults.ts'
import { unhandled, wrap } from '../support/agent-harness.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

describe('distinctByIdentifier', () => {
  it('passes each identity once, in order, as the stored event', async () => {
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

  it('rejects anything but a log, such as a promise of one, at once', async () => {
    const log = memoryLog()
    for (const none of [log, undefined, '.tidings/home'])
      assert.throws(() => distinctByIdentifier(none as never), {
        code: 'TIDINGS_LOG_INVALID',
        message: /await openLog/,
      })
    await (await log).close()
  })

  it('does not pass identities that were accepted earlier', async () => {
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
    const { begun } = source
    source.hold()
    const passed: StoredEvent[] = []
    from(draftsOf(2))
      .pipe(distinctByIdentifier(log))
      .subscribe((event) => passed.push(event))
    await writeBegun(source, begun + 1)
    assert.equal(passed.length, 0)
    source.release()
    await until(() => passed.length >= 2)
    assert.equal(passed.length, 2)
    await log.close()
  })

  it('completes with its source, after the last receipt; empty for an empty source', async () => {
    const log = await memoryLog()
    assert.deepEqual(await lastValueFrom(of().pipe(distinctByIdentifier(log), toArray())), [])
    const heard: unknown[] = []
    concat(of(draft('1')), NEVER)
      .pipe(distinctByIdentifier(log))
      .subscribe({ next: ({ seq }) => heard.push(seq), complete: () => heard.push('end') })
    await until(() => heard.length > 0)
    await log.accept([draft('barrier')])
    assert.deepEqual(heard, [1])
    await log.close()
  })

  it('passes on an error of its source after the events before it, and fails with the error of a rejected draft', async () => {
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
    await until(() => heard.length >= 3)
    assert.deepEqual(heard, [1, 2, 'broken'])
    const drafts = from([draft('ok'), draft('bad', 1n), draft('after')])
    await assert.rejects(lastValueFrom(drafts.pipe(distinctByIdentifier(log))), refused('TIDINGS_DATA_INVALID'))
    await log.close()
  })

  it('emits nothing after an unsubscribe, and unsubscribes from its source', async () => {
    const log = await memoryLog()
    const source = new Subject<ReturnType<typeof draft>>()
    const passed: StoredEvent[] = []
    const listening = source.pipe(distinctByIdentifier(log)).subscribe((event) => passed.push(event))
    source.next(draft('1'))
    listening.unsubscribe()
    // Answered after the draft above.
    await log.accept([draft('1')])
    assert.equal(passed.length, 0)
    assert.equal(source.observed, false)
    await log.close()
  })
})

describe('distinctByIdentifier, in operation', () => {
  it('offers all drafts at once and emits in order, even if the receipts come in another order', async () => {
    const log = await memoryLog()
    const answers: (() => void)[] = []
    const slow = wrap(log, {
      accept: async (...given) => {
        const receipts = await log.accept(...given)
        await new Promise<void>((resolve) => answers.push(resolve))
        return receipts
      },
    })
    const heard: number[] = []
    from(draftsOf(3))
      .pipe(distinctByIdentifier(slow))
      .subscribe(({ seq }) => heard.push(seq))
    await until(() => answers.length >= 3)
    assert.equal(answers.length, 3)
    answers[2]?.()
    answers[1]?.()
    await log.accept([draft('barrier')])
    assert.deepEqual(heard, [])
    answers[0]?.()
    await until(() => heard.length >= 3)
    assert.deepEqual(heard, [1, 2, 3])
    await log.close()
  })

  it('fails if an operator behind it throws, and unsubscribes from its source', async () => {
    const log = await memoryLog()
    const source = new Subject<ReturnType<typeof draft>>()
    const heard: unknown[] = []
    const broken = map(() => {
      throw new Error('no')
    })
    source.pipe(distinctByIdentifier(log), broken).subscribe({ error: (error) => heard.push(error.message) })
    source.next(draft('1'))
    await until(() => heard.length > 0)
    assert.deepEqual(heard, ['no'])
    assert.equal(source.observed, false)
    await log.close()
  })

  it('fails if the log fails, emits nothing afterwards, and leaves no rejection unhandled', async () => {
    const log = await memoryLog()
    const failing = wrap(log, { accept: () => Promise.reject(new Error('disk full')) })
    const heard: unknown[] = []
    const seen = await unhandled(async () => {
      from(draftsOf(3))
        .pipe(distinctByIdentifier(failing))
        .subscribe({ next: ({ seq }) => heard.push(seq), error: (error) => heard.push(error.message) })
      await until(() => heard.length > 0)
      await log.accept([draft('barrier')])
    })
    assert.deepEqual([heard, seen], [['disk full'], []])
    await log.close()
  })

  it('emits a versioned event each time it changes', async () => {
    const log = await memoryLog()
    const weather = eventType('weather').of<string>({ changed: true })
    const told = from(['sun', 'sun', 'rain', 'sun'].map((now) => weather('here', now))).pipe(distinctByIdentifier(log))
    assert.deepEqual(
      (await lastValueFrom(told.pipe(toArray()))).map(({ data, revision }) => `${data} ${revision}`),
      ['sun 1', 'rain 2', 'sun 3'],
    )
    await log.close()
  })

  it('passes each identity once across restarts, and once for two publishers', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const passed: string[] = []
    for (const identifiers of [
      ['a', 'b'],
      ['b', 'c', 'a'],
      ['c', 'd'],
    ]) {
      const log = await openLog(directory)
      const drafts$ = from(identifiers.map((identifier) => draft(identifier))).pipe(
        distinctByIdentifier(log),
        toArray(),
      )
      for (const events of await Promise.all([lastValueFrom(drafts$), lastValueFrom(drafts$)])) {
        passed.push(...events.map(({ identifier }) => identifier))
      }
      await log.close()
    }
    assert.deepEqual(passed.sort(), ['a', 'b', 'c', 'd'])
  })
})
