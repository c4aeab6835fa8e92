import { inspect } from 'node:util'
import type { StoredEvent } from '../core/event.ts'
import { BrokenLaw, type CheckLaw } from './check-law.ts'
import type { Effects } from './effects.ts'
import { fc } from './fast-check.ts'
import type { ListenerUnderTest, Telling } from './listener-under-test.ts'
import { eventLine } from './pipe-under-test.ts'
import { type CallFault, isSafe } from './watched-world.ts'

/** How often a delivery is attempted again after a fault. */
const MORE_ATTEMPTS = 3

/** Which call fails: mostly the first. */
const call = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) })

/** A process that dies after the handler and before the ack delivers again: the world looks as after one delivery. */
export async function twice(subject: ListenerUnderTest, checkLaw: CheckLaw): Promise<void> {
  await checkLaw(subject.histories, async (history) => {
    const once = await tellOnce(subject, history)
    const again = await subject.tell(history, async ({ attempt, ack }) => {
      await attempt()
      await ack((await attempt()).outcome)
    })
    const more = again.beyond(once) ?? once.beyond(again)
    if (more === undefined && once.looksLike(again)) return
    const finding = `an event that is handled twice does not count once: ${more ?? 'what it changes differs'}`
    throw new BrokenLaw(finding, compared(history, once, 'handled twice', again))
  })
}

/** One call fails; the attempts after it do what was left to do, or the event is parked. */
export async function failing(subject: ListenerUnderTest, checkLaw: CheckLaw): Promise<void> {
  const as = fc.constantFrom<CallFault['as']>('rejects', { status: 503 }, { status: 400 })
  const cases = fc.record({ history: subject.histories, event: fc.nat(2), fault: fc.record({ call, as }) })
  await checkLaw(cases, async ({ history, event, fault }) => {
    const attempts = new Map<StoredEvent, number>()
    let parked = false
    let met: string | undefined
    const faulty = await subject.tell(history, async (telling) => {
      let { outcome, failed } = await telling.attempt(telling.event === history[event] ? fault : undefined)
      if (failed !== undefined) met = `${failed.method} ${failed.url} ${faultWords(fault)}`
      let made = 1
      for (; outcome.end === 'retry' && made <= MORE_ATTEMPTS; made++) ({ outcome } = await telling.attempt())
      attempts.set(telling.event, made)
      parked ||= outcome.end !== 'ack'
      await telling.ack(outcome)
    })
    if (met === undefined || parked) return
    // The last attempt without those that failed before it, at the same time.
    const well = await subject.tell(history, async (telling) => {
      for (let made = 1; made < (attempts.get(telling.event) ?? 1); made++) telling.skip()
      await settle(telling)
    })
    const lost = well.beyond(faulty)
    if (lost === undefined && well.looksLike(faulty)) return
    const finding = `a call fails, the event counts as handled, and this never happens: ${lost ?? 'what it changes'}`
    throw new BrokenLaw(finding, [...compared(history, well, 'with the failure', faulty), `the failure: ${met}`])
  })
}

/** The wait that a service asks for, in seconds. */
const WAIT = 120

/** A wait that the service asks for is kept, and a request that it refuses for good is not made again. */
export async function heeding(subject: ListenerUnderTest, checkLaw: CheckLaw): Promise<void> {
  const later = { 'retry-after': String(WAIT) }
  const as = fc.constantFrom(
    { status: 429, headers: later },
    { status: 503, headers: later },
    { status: 400 },
    { status: 422 },
  )
  const cases = fc.record({ history: subject.histories, fault: fc.record({ call, as }) })
  await checkLaw(cases, async ({ history, fault }) => {
    await subject.tell(history.slice(0, 1), async (telling) => {
      const { outcome, failed } = await telling.attempt(fault)
      await settle(telling)
      if (failed === undefined || failed.method === 'RUN' || outcome.end === 'ack') return
      const lines = [
        eventLine(telling.event),
        `${failed.method} ${failed.url} ${faultWords(fault)}`,
        `the handler throws ${outcome.error.message}`,
      ]
      const isLater = fault.as.status === 429 || fault.as.status === 503
      if (isLater && outcome.end === 'park')
        throw new BrokenLaw(`the service asks to come back later, and the event is parked`, lines)
      if (isLater && outcome.end === 'retry' && outcome.after < WAIT * 1000) {
        const finding = `the service asks to wait for ${WAIT} s, and the next attempt comes after ${outcome.after / 1000} s: throw new Retry({ after })`
        throw new BrokenLaw(finding, lines)
      }
      if (isLater || isSafe(failed) || outcome.end === 'park') return
      throw new BrokenLaw(
        `the service refuses the request for good, and it is made again: throw new Park(reason)`,
        lines,
      )
    })
  })
}

/** Whatever fails, the error has no secret in it. */
export async function discreet(subject: ListenerUnderTest, checkLaw: CheckLaw): Promise<void> {
  const as = fc.constantFrom<CallFault['as']>('rejects', { status: 401 }, { status: 500 })
  const cases = fc.record({
    history: subject.histories,
    fault: fc.option(fc.record({ call, as }), { nil: undefined }),
  })
  await checkLaw(cases, async ({ history, fault }) => {
    await subject.tell(history.slice(0, 1), async (telling) => {
      const { outcome, failed, hasSecret } = await telling.attempt(fault)
      await settle(telling)
      if (outcome.end === 'ack') return
      const text = inspect(outcome.error, { depth: 8, maxStringLength: null })
      if (!hasSecret(text)) return
      const why =
        failed === undefined || fault === undefined ? [] : [`${failed.method} ${failed.url} ${faultWords(fault)}`]
      throw new BrokenLaw(`a secret is in the error of the handler`, [
        eventLine(telling.event),
        ...why,
        text.split('\n', 1)[0] ?? '',
      ])
    })
  })
}

function tellOnce(subject: ListenerUnderTest, history: readonly StoredEvent[]): Promise<Effects> {
  return subject.tell(history, settle)
}

async function settle({ attempt, ack }: Telling): Promise<void> {
  await ack((await attempt()).outcome)
}

function faultWords({ as }: CallFault): string {
  if (as === 'rejects') return 'fails'
  const { 'retry-after': wait } = as.headers ?? {}
  return `is answered ${as.status}${wait === undefined ? '' : `, Retry-After: ${wait}`}`
}

function compared(history: readonly StoredEvent[], once: Effects, how: string, other: Effects): readonly string[] {
  return [
    ...history.map(eventLine),
    'handled once, the world saw',
    ...once.lines,
    `${how}, the world saw`,
    ...other.lines,
  ]
}
