import type { Arbitrary } from 'fast-check'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import type { Consumer } from '../../lib/log/port.ts'
import { fc } from '../../lib/testing/fast-check.ts'
import { type VirtualClock, virtualClock } from '../../lib/testing/virtual-clock.ts'

/** What happens to a log. */
type Step = (log: LevelLog, clock: VirtualClock) => Promise<unknown>

const name = fc.constantFrom('a', 'a\0', '\x01', '\x01\x02', 'é')
const json = fc.jsonValue({ maxDepth: 2 })
const type = fc.constantFrom('plain', 'plain.\0', 'versioned')

const accepting: Arbitrary<Step> = fc
  .record({
    type,
    identifier: name,
    data: json,
    version: fc.constantFrom('1', '2', '\0'),
    told: fc.boolean(),
    job: fc.option(name, { nil: undefined }),
    cause: fc.option(fc.constant(1), { nil: undefined }),
    state: fc.option(json, { nil: undefined }),
  })
  .map(({ type, identifier, data, version, told, job, cause, state }) => async (log) => {
    const draft = { type, identifier, data, ...(type === 'versioned' ? { version } : {}) }
    const origin = { ...(job === undefined ? {} : { job, run: 'r#1' }), ...(cause === undefined ? {} : { cause }) }
    const writes = state === undefined ? [] : [{ namespace: identifier, key: identifier, value: state }]
    await log.accept([draft], { told, ...origin, state: writes as never })
  })

const hearing: Arbitrary<Step> = fc
  .tuple(name, fc.constantFrom('ack', 'retry', 'park', 'leave'), fc.integer({ min: 1, max: 3 }))
  .map(([who, end, most]) => async (log, clock) => {
    const consumer: Consumer = await log.consumer(who, { start: 'start' })
    if ((await consumer.lag()).behind === 0) return
    const stop = new AbortController()
    const pulling = consumer.pull(most, stop.signal)
    const late = setTimeout(() => stop.abort(), 20)
    for (const each of await pulling) {
      if (end === 'ack') consumer.ack(each)
      else if (end === 'retry') consumer.retry(each, { at: clock.now() + 1000, error: new Error(who) })
      else if (end === 'park') consumer.park(each, { error: new Error(who) })
    }
    clearTimeout(late)
    await consumer.flush()
  })

const step: Arbitrary<Step> = fc.oneof(
  { arbitrary: accepting, weight: 6 },
  { arbitrary: hearing, weight: 4 },
  fc.tuple(type, name).map(
    ([of, which]): Step =>
      (log) =>
        log.forget(of, which),
  ),
  fc.integer({ min: 0, max: 4 }).map(
    (count): Step =>
      (log) =>
        log.prune({ count }),
  ),
  fc.integer({ min: 1, max: 9 }).map(
    (hours): Step =>
      (_, clock) =>
        clock.advance(hours * 600_000),
  ),
  fc.tuple(name, fc.nat(5), fc.boolean()).map(
    ([job, slot, isDone]): Step =>
      async (log) => {
        const claim = await log.claim(job, new Date(slot * 1000), 60_000)
        await (isDone ? claim?.done({ slot }) : claim?.tried(null, claim.attempt, 5000))
      },
  ),
  fc.tuple(name, fc.boolean()).map(
    ([key, isSet]): Step =>
      (log) => {
        return isSet ? log.store('n').set(key, key) : log.store('n').delete(key)
      },
  ),
)

/** A random history of a log: makes it in a directory. */
export const randomLog: Arbitrary<(directory: string) => Promise<void>> = fc
  .tuple(fc.constantFrom('type' as const, 'identifier' as const), fc.array(step, { minLength: 1, maxLength: 30 }))
  .map(([identity, steps]) => async (directory) => {
    const clock = virtualClock()
    const log = await openLog(directory, { identity, clock })
    for (const each of steps) await each(log, clock)
    await log.close()
  })
