import { engineDraft } from '../../lib/core/engine-types.ts'
import { TidingsError } from '../../lib/core/errors.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import type { Log } from '../../lib/log/port.ts'
import { take } from '../../lib/testing/log-bench.ts'
import { type VirtualClock, virtualClock } from '../../lib/testing/virtual-clock.ts'
import { copyLiving } from '../support/copy-living.ts'
import { eachAlone, recordsIn } from './formats.ts'

const plain = (identifier: string, data: unknown = { n: 1 }) => ({ type: 'plain', identifier, data })
const versioned = (version: string) => ({ type: 'versioned', identifier: 'changing', data: { version }, version })

/** A text with everything that a store could confuse. */
const ODD = 'a\0b\x01c\x01\x02!:\\"{},ü\u{1f600}\u2028'

/** A run in ISO format. */
const RUN = '1970-01-01T00:00:05.000Z#1'

/** Makes a log with records of every kind, odd texts, and pruned and forgotten identities. Its process left it by dying. */
export async function fullLog(directory: string, identity: 'type' | 'identifier' = 'type'): Promise<void> {
  const clock = virtualClock()
  const log = await openLog(`${directory}.1`, { clock, identity })
  await pruned(log, clock)
  await publish(log, clock)
  await remember(log)
  await hear(log, clock)
  await take(await log.consumer('crashed', { start: 'start', types: ['plain'] }), 3)
  await copyLiving(`${directory}.1`, `${directory}.2`)
  await log.close()
  // One of the events in flight is handed out alone now, and the process dies again.
  const second = await openLog(`${directory}.2`, { clock })
  await take(await second.consumer('crashed', { start: 'start', types: ['plain'] }), 1)
  await copyLiving(`${directory}.2`, directory)
  await second.close()
}

/** What a copy has to have: all records but those that tell how LevelDB's commits went, and what queries measured. */
export async function keptIn(directory: string): Promise<Readonly<Record<string, string>>> {
  const records = Object.entries(eachAlone(await recordsIn(directory)))
  return Object.fromEntries(records.filter(([key]) => !/^[hqb]/.test(key)))
}

/** What a log that continues answers about things that it was told before it was copied. */
export async function continued(log: Log): Promise<readonly unknown[]> {
  const handed = await take(await log.consumer('crashed', { start: 'start', types: ['plain'] }), 1)
  const drafts = [plain('pruned'), plain(ODD), plain('forgotten'), versioned('A'), versioned('untold'), versioned('B')]
  const answers = await log.accept([...drafts, { type: ODD, identifier: ODD, data: 1 }])
  const heard = await take(await log.consumer('listener', { start: 'now' }), 3)
  const told = ({ event, attempt }: (typeof heard)[number]): unknown => [event.seq, event.data, attempt]
  const places = await Promise.all([6, 7, 8, 9, 10].map((seq) => log.place('listener', seq)))
  const slots = [await log.slots('job'), await log.slots(ODD)].map(({ upTo, open }) => [
    upTo,
    open.map(({ held: _, ...rest }) => rest),
  ])
  return [log.id, handed.map(told), answers.map(({ status, seq }) => [status, seq]), heard.map(told), places, slots]
}

/** Identities that outlive their events: of each kind, and of several hours. */
async function pruned(log: LevelLog, clock: VirtualClock): Promise<void> {
  await log.accept([plain('pruned'), plain('pruned and forgotten'), versioned('0'), plain(ODD)])
  await log.forget('plain', 'pruned and forgotten')
  await clock.advance(2 * 3_600_000)
  await log.accept([{ ...versioned('pruned'), identifier: 'pruned' }], { told: false })
  await log.prune({ count: 0 })
}

async function publish(log: LevelLog, clock: VirtualClock): Promise<void> {
  await log.accept([plain('1'), plain('2')], { job: 'job', run: RUN })
  await clock.advance(1000)
  await log.accept([plain('caused', [null, true, 1.5, 'text', { deep: { deeper: [] } }])], {
    cause: 7,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  })
  await log.accept([plain('untold')], { told: false })
  for (const version of ['A', 'B', 'A']) await log.accept([versioned(version)], { job: 'job', run: RUN })
  await log.accept([versioned('untold')], { told: false })
  await log.accept([{ ...versioned(ODD), identifier: 'never told' }], { told: false })
  await log.accept([{ type: 'schemed', identifier: 'x', data: 5, transformed: true }])
  await log.accept([
    { type: ODD, identifier: ODD, data: JSON.parse('{"__proto__":{"a":1},"":"\\u0000\\ud800","b":"\\udc00"}') },
  ])
  await log.accept([plain('large', 'ü'.repeat(100_000)), plain('empty', ''), plain('null', null)])
  await log.accept([engineDraft('tidings.job.failed', 'job 1', { job: 'job' })])
  await log.accept([plain('old')], { recorded: { created: -5 } })
  await log.accept([plain('forgotten'), plain('forgotten and told again')])
  await log.forget('plain', 'forgotten')
  await log.forget('plain', 'forgotten and told again')
  await log.accept([plain('forgotten and told again', { n: 2 })])
  // More than a block of times and a page of records.
  await log.accept(Array.from({ length: 1100 }, (_, i) => ({ type: `many.${i % 3}`, identifier: `${i}`, data: i })))
}

async function remember(log: LevelLog): Promise<void> {
  await log.accept([plain('with state')], { state: [{ namespace: 'job/job', key: 'etag', value: '"abc"' }] })
  await log.store('tidings/jobs').set('job', { anchor: 1000, slot: 5000, succeeded: true })
  await log.store('tidings/paused-listeners').set('moved', { since: 1 })
  for (const value of [1, { two: 2 }]) await log.store('n').set('k', value)
  await log.store(ODD).set(ODD, `\0${ODD}\ud800`)
  await (await log.claim('job', new Date(5000), 1000))?.done({ new: 2 })
  await log.claim('job', new Date(6000), 60_000)
  const tried = await log.claim(ODD, new Date(7000), 60_000)
  await tried?.tried({ error: ODD }, 1, 9000)
  await tried?.release(1)
  await log.note(ODD, new Date(4000), null)
}

async function hear(log: LevelLog, clock: VirtualClock): Promise<void> {
  const listener = await log.consumer('listener', { start: 'start' })
  const [a, b, c, , e] = await take(listener, 5)
  if (!(a && b && c && e)) throw new Error('too few events')
  listener.ack(a)
  listener.retry(b, { at: clock.now() + 60_000, error: new TidingsError('TIDINGS_RUN_TIMEOUT', 'too slow') })
  listener.park(c, { error: new Error(ODD) })
  // The event before it is still being handled, so this one is settled beyond the cursor.
  listener.ack(e)
  await listener.flush()
  const before = await log.consumer('moved', { start: 'now' })
  await before.redeliver([6, 7])
  const moved = await log.consumer('moved', { start: 9, move: true })
  await moved.flush()
  await (await log.consumer(ODD, { start: 'start', types: [ODD] })).flush()
}
