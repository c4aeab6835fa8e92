import { defined } from '../../core/defined.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Consumer, ConsumerInfo, Log } from '../../log/port.ts'
import type { WhyAnswer, WhyAttempts, WhyDelivery, WhyEvent, WhyVerdict } from '../inspect/why-answer.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { isPaused } from '../run/pauses.ts'
import { steerable } from './steerable.ts'
import { findDraft } from './why-draft.ts'
import { type Batch, memoryOf, type OpenWait, openBatch } from './why-memory.ts'

/** How many older events that wait the answer has. */
const MOST_OLDER = 20

type Delivery = NonNullable<WhyAnswer['delivery']>

/** What the log knows about an event, `seq` or `type:identifier`, at a listener. */
export async function whyOf(
  log: Log,
  agent: AgentControl | undefined,
  asked: string,
  name: string,
): Promise<WhyAnswer> {
  const { found, ...draft } = await findDraft(log, asked)
  const all: ConsumerInfo[] = []
  for await (const info of log.consumers()) all.push(info)
  const info = all.find((each) => each.name === name)
  const listener = await listenerOf(log, agent, name, info, all)
  if (found === undefined) return { ...draft, listener }
  const event = await eventOf(log, found)
  if (info === undefined || !event.told) return { ...draft, event, listener }
  const { batch, ...memory } = await memoryOf(log, name, event.seq)
  const delivery = await deliveryOf(log, agent, info, found, { batch, verdict: memory.memory?.verdict })
  return { ...draft, event, listener, delivery, ...memory }
}

async function listenerOf(
  log: Log,
  agent: AgentControl | undefined,
  name: string,
  info: ConsumerInfo | undefined,
  all: readonly ConsumerInfo[],
): Promise<WhyAnswer['listener']> {
  if (info === undefined) return { name, known: false, others: all.map((each) => each.name) }
  const paused = await isPaused(log, 'listener', name)
  return {
    name,
    known: true,
    created: iso(info.created),
    cursor: info.cursor,
    ...(paused ? { paused: true as const } : {}),
    running: agent?.listener(name) !== undefined,
  }
}

async function eventOf(
  log: Log,
  { seq, type, identifier, created, job, cause, revision }: StoredEvent,
): Promise<WhyEvent> {
  const told = (await log.stored(seq))?.told === true
  return { seq, type, identifier, created: iso(created), told, ...defined({ job, cause, revision }) }
}

async function deliveryOf(
  log: Log,
  agent: AgentControl | undefined,
  info: ConsumerInfo,
  { seq, created }: StoredEvent,
  { verdict, batch }: { readonly verdict: WhyVerdict | undefined; readonly batch: Batch | undefined },
): Promise<Delivery> {
  const { name } = info
  const handed = batch?.by ?? seq
  const records = await steerable(log, agent, name).steer((consumer) => recordsOf(consumer, handed))
  const { retrying, parked, older, behind } = records
  const before = isPassed(info, seq, created) ? { before: true } : {}
  const more = { ...before, ...deliveriesOf(agent, name, handed), ...(batch && { batch: batch.seqs }) }
  const holds = older.length > 0 ? { older } : {}
  const open = await openBatch(log, name, seq)
  if (parked !== undefined) return { state: 'parked', attempts: parked, ...more }
  if (verdict === 'waiting' || open !== undefined) return { state: 'waiting', ...waitOf(open, retrying), ...more }
  if (retrying !== undefined) return { state: 'retrying', attempts: retrying, ...holds, ...more }
  const position = (await log.last()) - behind
  if (handed > position) return { state: 'ahead', behind: handed - position - 1, ...holds, ...more }
  if (handed > info.cursor && records.running > 0) return { state: 'running', ...holds, ...more }
  return { state: 'settled', ...more }
}

function deliveriesOf(agent: AgentControl | undefined, name: string, seq: number): Pick<Delivery, 'deliveries'> {
  const rows = (agent?.deliveries(name, undefined, seq) ?? []).toReversed()
  const deliveries = rows.map(
    ({ attempt, outcome, at, ms, error }): WhyDelivery => ({ attempt, outcome, at, ms, ...defined({ error }) }),
  )
  return deliveries.length === 0 ? {} : { deliveries }
}

// A consumer that an older version has opened first does not know what it passed over.
function isPassed({ passed, created: since }: ConsumerInfo, seq: number, created: number): boolean {
  return passed === undefined ? created < since : passed.some(([first, last]) => first <= seq && seq <= last)
}

async function recordsOf(consumer: Consumer, seq: number) {
  const { behind, running } = await consumer.lag()
  const older: WhyAttempts[] = []
  let retrying: WhyAttempts | undefined
  let parked: WhyAttempts | undefined
  for await (const each of consumer.retrying()) {
    if (each.event.seq > seq) break
    if (each.event.seq === seq) retrying = attemptsOf(each)
    else if (older.length < MOST_OLDER && each.error !== undefined) older.push(attemptsOf(each))
  }
  for await (const each of consumer.parked(seq - 1)) {
    if (each.event.seq === seq) parked = attemptsOf(each)
    break
  }
  return { behind, running, older, retrying, parked }
}

function attemptsOf(each: {
  readonly event: StoredEvent
  readonly attempts: number
  readonly at: number
  readonly error?: ErrorInfo
}): WhyAttempts {
  const { event, attempts, at: time, error } = each
  const { stack: _, ...words } = error ?? { name: '', message: '' }
  const { seq, type, identifier } = event
  return { seq, type, identifier, attempts, at: iso(time), ...(error === undefined ? {} : { error: words }) }
}

function waitOf(open: OpenWait | undefined, retrying: WhyAttempts | undefined): Pick<Delivery, 'until' | 'batch'> {
  const until = open?.until === undefined ? undefined : iso(open.until)
  return defined({ until: open === undefined ? retrying?.at : until, batch: open?.seqs })
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
