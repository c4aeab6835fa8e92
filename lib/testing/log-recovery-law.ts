import assert from 'node:assert/strict'
import type { Consumer, Handed } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { type Bench, draftsOf, type LogTest, law, list, seqsOf, take, takeAll } from './log-bench.ts'

const open = ({ log }: Bench): Promise<Consumer> => log.consumer('c', { start: 'start' })

/** The position of one event for one consumer. `begun`: attempts so far. `saved`: whether that was flushed. */
interface Place {
  status: 'behind' | 'running' | 'waiting' | 'parked' | 'done'
  begun: number
  saved: boolean
}

const actions = fc.array(
  fc.tuple(fc.constantFrom('publish', 'pull', 'ack', 'ack', 'retry', 'park', 'release', 'flush'), fc.nat({ max: 5 })),
  { maxLength: 25 },
)

/** A consumer beside a minimal model of what it must remember. */
class Tracked {
  readonly bench: Bench
  readonly places = new Map<number, Place>()
  readonly held = new Map<number, Handed>()
  consumer: Consumer
  /** All events up to here were settled at the last flush and must not be handed out again. */
  cursor = 0

  constructor(bench: Bench, consumer: Consumer) {
    this.bench = bench
    this.consumer = consumer
  }

  async act(action: string, n: number): Promise<void> {
    const [seq, handed] = [...this.held][n % Math.max(1, this.held.size)] ?? []
    if (action === 'publish') {
      const receipts = await this.bench.log.accept(draftsOf(n, `${this.places.size} and `))
      for (const { seq } of receipts) this.places.set(seq, { status: 'behind', begun: 0, saved: true })
    } else if (action === 'pull') {
      const ready = [...this.places.values()].filter(({ status }) => status === 'behind' || status === 'waiting').length
      for (const each of await take(this.consumer, Math.min(n, ready))) this.hand(each)
    } else if (action === 'flush') {
      await this.consumer.flush()
      this.save()
    } else if (action === 'release') {
      const parked = [...this.places].find(([, { status }]) => status === 'parked')
      if (parked === undefined) return
      assert.equal(await this.consumer.release(parked[0]), true)
      this.places.set(parked[0], { status: 'waiting', begun: 0, saved: true })
      this.save()
    } else if (seq !== undefined && handed !== undefined) {
      this.settle(seq, handed, action)
    }
  }

  hand(handed: Handed): void {
    const place = this.places.get(handed.event.seq) as Place
    assert(
      place.status === 'behind' || place.status === 'waiting',
      `${handed.event.seq} was handed out, though it is ${place.status}`,
    )
    assert.equal(handed.attempt, place.begun + 1)
    // The running status of an event is not stored.
    this.places.set(handed.event.seq, { ...place, status: 'running', begun: handed.attempt })
    this.held.set(handed.event.seq, handed)
  }

  settle(seq: number, handed: Handed, how: string): void {
    if (how === 'ack') this.consumer.ack(handed)
    else if (how === 'retry') this.consumer.retry(handed, { at: this.bench.clock.now() })
    else this.consumer.park(handed, { error: 'no' })
    const status = how === 'ack' ? 'done' : how === 'retry' ? 'waiting' : 'parked'
    this.places.set(seq, { status, begun: handed.attempt, saved: false })
    this.held.delete(seq)
  }

  save(): void {
    for (const place of this.places.values()) place.saved = true
    const open = [...this.places]
      .filter(([, { status }]) => status === 'behind' || status === 'running')
      .map(([seq]) => seq)
    const last = Math.max(0, ...this.places.keys())
    this.cursor = Math.max(this.cursor, Math.min(last, ...open.map((seq) => seq - 1)))
  }

  /** Reopens what is left of the log, and compares. */
  async reopen(how: 'close' | 'crash'): Promise<void> {
    if (how === 'close') this.save()
    await this.bench.reopen(how)
    this.consumer = await open(this.bench)
    assert.equal(this.consumer.origin, 'known')
    const parked = seqsOf(await list(this.consumer.parked()))
    const unsettled = [...this.places.values()].filter(({ status }) => status !== 'done').length
    const handed = await takeAll(this.bench.log, this.consumer, unsettled - parked.length)
    this.held.clear()
    for (const [seq, place] of this.places) {
      const again = handed.filter(({ event }) => event.seq === seq)
      this.compare(seq, place, again, parked.includes(seq))
      const [next] = again
      if (next !== undefined) this.held.set(seq, next)
      const status = next !== undefined ? 'running' : parked.includes(seq) ? 'parked' : 'done'
      this.places.set(seq, { status, begun: next?.attempt ?? place.begun, saved: true })
    }
  }

  compare(seq: number, { status, begun, saved }: Place, again: readonly Handed[], parked: boolean): void {
    const times = again.length + (parked ? 1 : 0)
    const what = `${seq} was ${saved ? '' : 'just '}${status}, and after reopening is found ${times} times`
    assert(times <= 1, what)
    if (status !== 'done') assert.equal(times, 1, what)
    if (!saved) return
    if (status === 'done') assert(times === 0 || seq > this.cursor, what)
    if (status === 'parked') assert(parked, what)
    if (status === 'waiting') assert.equal(again[0]?.attempt, begun + 1, what)
    if (status === 'running') assert.equal(again[0]?.attempt, begun, what)
    if (status === 'behind') assert.equal(again[0]?.attempt, 1, what)
  }
}

/** Applies any actions to a consumer, then a close or a crash, up to three times, and compares its memory. */
export const recovers: LogTest = law(
  fc.array(fc.tuple(actions, fc.constantFrom('close' as const, 'crash' as const)), { minLength: 1, maxLength: 3 }),
  async (bench, rounds) => {
    const tracked = new Tracked(bench, await open(bench))
    for (const [steps, how] of rounds) {
      for (const [action, n] of steps) await tracked.act(action, n)
      await tracked.reopen(how)
    }
  },
)
