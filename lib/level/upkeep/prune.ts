import { defined } from '../../core/defined.ts'
import { Mutex } from '../../core/mutex.ts'
import { type Bounds, boundsOf, type HeldBy, type Pruned, type Retention } from '../../log/retention.ts'
import type { Consumers } from '../consumer/consumers.ts'
import { KIND, keys, startingWith } from '../format/keys.ts'
import { decode, decodeFacts, FORGOTTEN, type Identity } from '../format/records.ts'
import { joinRecords, recordsIn } from '../format/segments.ts'
import { blockOf, lastIn } from '../format/time-blocks.ts'
import { missing, recordPages } from '../read/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Session } from '../session/session.ts'
import { pagesOf, READ_AHEAD } from '../store/database.ts'
import type { IndexedEvent, Op } from '../write/commit.ts'
import { hourRecord, hoursBefore, hoursSinceEpoch, lastHour } from './age-index.ts'

/** How many bodies one commit removes, at least: whole segments. It takes a few ms, so publishers hardly notice. */
const BODIES_PER_COMMIT = 512

/** The facts about an event body that decide whether it stays. */
interface Body extends IndexedEvent {
  readonly text: string
  /** The bodies of its segment. */
  readonly segment: Segment
}

/** The bodies in one value of the store. */
type Segment = readonly Body[]

/** Removes what a retention does not keep, step by step: bodies, the oldest first, then identities. Decision 0029. */
export class Pruner {
  readonly #store: ReopeningStore
  readonly #consumers: Consumers
  readonly #turns = new Mutex()
  // The last recorded hour of the age index.
  #hour = 0
  // The size of all kept bodies up to a seq, in one session.
  #measured: { readonly session: Session; upTo: number; bytes: number } | undefined

  constructor(store: ReopeningStore, consumers: Consumers) {
    this.#store = store
    this.#consumers = consumers
  }

  async prune(retention: Retention): Promise<Pruned> {
    const bounds = boundsOf(retention)
    return this.#turns.runExclusive(() => this.#prune(bounds))
  }

  async #prune(bounds: Bounds): Promise<Pruned> {
    // Makes pending cursors durable, so that they hold nothing back.
    await this.#store.session.writer.flush()
    if (Number.isFinite(bounds.bytes)) await this.#measure()
    const names = await this.#consumers.names()
    this.#hour = await lastHour(this.#store.session.db)
    let removed = 0
    let heldBy: HeldBy | undefined
    for (;;) {
      const step = await this.#consumers.hold(names, (lowestNeed) => this.#step(bounds, lowestNeed))
      await step.durable
      removed += step.removed
      heldBy = step.heldBy
      if (step.done) break
    }
    const identities = await this.#dropIdentities(bounds)
    const { first, writer } = this.#store.session
    return { removed, first, last: writer.durable, identities, ...defined({ heldBy }) }
  }

  // Synchronous after the read: no listener can begin to need an event between `lowestNeed` and the removal.
  async #step(bounds: Bounds, lowestNeed: () => HeldBy | undefined): Promise<Step> {
    const { session } = this.#store
    const bodies = await this.#read(session)
    if (this.#store.session !== session) return { removed: 0, done: false, durable: Promise.resolve() }
    const unwanted = this.#unwanted(bodies, bounds)
    const need = lowestNeed()
    const gone = need === undefined ? unwanted : unwanted.filter(({ seq }) => seq < need.seq)
    // A cursor may be below the bodies that are pruned already.
    const heldBy =
      need && gone.length < unwanted.length ? { ...need, seq: Math.max(need.seq, session.first) } : undefined
    const last = gone.at(-1)
    const done = gone.length < BODIES_PER_COMMIT
    const rest = { removed: gone.length, done, ...defined({ heldBy }) }
    if (last === undefined) return { ...rest, durable: Promise.resolve() }
    if (this.#measured?.session === session)
      this.#measured.bytes -= gone.reduce((sum, { text }) => sum + text.length, 0)
    return { ...rest, durable: session.prune(last.seq + 1, this.#ops(gone), gone) }
  }

  async #read({ db, first, writer }: Session): Promise<Body[]> {
    const range = { gte: keys.event(first), lte: keys.event(writer.durable), ...READ_AHEAD }
    const bodies: Body[] = []
    for await (const entry of db.iterator(range)) {
      const segment: Body[] = []
      for (const [seq, text] of recordsIn(...entry)) {
        const expected = first + bodies.length + segment.length
        if (seq !== expected) throw missing(expected)
        segment.push({ ...decodeFacts(seq, text), text, segment })
      }
      bodies.push(...segment)
      if (bodies.length >= BODIES_PER_COMMIT) break
    }
    return bodies
  }

  // Bodies from the oldest on, while each exceeds the age, the count or the bytes. A date in the future comes from a wrong
  // clock: such an event counts as old as the one after it.
  #unwanted(bodies: readonly Body[], { age, count, bytes }: Bounds): readonly Body[] {
    const now = this.#store.clock.now()
    const last = this.#store.session.writer.durable
    let size = this.#measured?.bytes ?? 0
    let end = 0
    for (const [i, body] of bodies.entries()) {
      const isOld = body.created < now - age
      if (!isOld && body.seq > last - count && size <= bytes) {
        if (body.created <= now) break
      } else end = i + 1
      size -= body.text.length
    }
    return bodies.slice(0, end)
  }

  #ops(gone: readonly Body[]): Op[] {
    const now = this.#store.clock.now()
    const hours = new Map<number, number>()
    for (const { seq, created } of gone) {
      this.#hour = Math.max(this.#hour, hoursSinceEpoch(Math.min(created, now)))
      hours.set(this.#hour, seq)
    }
    const blocks = gone.filter(({ seq }) => seq === lastIn(blockOf(seq))).map(({ seq }) => keys.times(blockOf(seq)))
    const segments = [...new Set(gone.map(({ segment }) => segment))]
    return [
      ...segments.flatMap((segment) => withoutUpTo(gone.at(-1)?.seq ?? 0, segment)),
      ...blocks.map((key): Op => [key, undefined]),
      ...Array.from(hours, ([each, seq]) => hourRecord(each, seq)),
    ]
  }

  async #measure(): Promise<void> {
    const { session } = this.#store
    const { db, first, writer } = session
    const known = this.#measured?.session === session ? this.#measured : { session, upTo: first - 1, bytes: 0 }
    const upTo = writer.durable
    let { bytes } = known
    for await (const page of recordPages(db, { from: known.upTo + 1, to: upTo }))
      for (const [, text] of page) bytes += text.length
    this.#measured = { session, upTo, bytes }
  }

  // Only identities whose bodies are pruned, and whose hour has been over for that long.
  async #dropIdentities({ identities }: Bounds): Promise<number> {
    if (!Number.isFinite(identities)) return 0
    const { session } = this.#store
    const old = await hoursBefore(session.db, this.#store.clock.now() - identities)
    if (old === undefined) return 0
    let dropped = 0
    const range = { ...startingWith(KIND.identity), ...READ_AHEAD }
    for await (const page of pagesOf(session.db.iterator(range))) dropped += await this.#drop(page, old.upTo)
    await this.#store.commit(old.keys.map((key): Op => [key, undefined]))
    return dropped
  }

  async #drop(page: readonly [string, string][], upTo: number): Promise<number> {
    const isOld = (identity: Identity | undefined): boolean => identity !== undefined && identity[0] <= upTo
    const { identities, writer } = this.#store.session
    const ops: Op[] = []
    for (const [key, text] of page) {
      const identity = decode<Identity>(key, text)
      // An identity that was told again meanwhile stays. Nothing comes between this look-up and the place in the queue.
      if (identity[0] === FORGOTTEN || !isOld(identity) || !isOld(identities.find(key))) continue
      identities.remember(key, [FORGOTTEN], writer.next - 1)
      ops.push([key, undefined])
    }
    if (ops.length > 0) await this.#store.commit(ops)
    return ops.length
  }
}

/** The result of one step. */
interface Step {
  readonly removed: number
  /** No body is left to remove. */
  readonly done: boolean
  readonly heldBy?: HeldBy
  /** Resolves when the removal is durable. */
  readonly durable: Promise<void>
}

/** Returns the operations that remove the events of a segment up to a seq, and make the rest a segment of its own. */
function withoutUpTo(last: number, segment: Segment): Op[] {
  const rest = segment.filter(({ seq }) => seq > last)
  const text = joinRecords(rest.map((body) => body.text))
  return [
    ...placesOf(segment).map((key): Op => [key, undefined]),
    ...placesOf(rest).map((key, i): Op => [key, i === 0 ? text : '']),
  ]
}

/** The keys of a segment: its own, and its places in the index of types. */
function placesOf(segment: Segment): readonly string[] {
  const [first] = segment
  if (first === undefined) return []
  const types = new Set(segment.map(({ type }) => type))
  return [keys.event(first.seq), ...Array.from(types, (type) => keys.type(type, first.seq))]
}
