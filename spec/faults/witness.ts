import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import type { Consumer } from '../../lib/log/port.ts'

/** The stored state of one listener after a death. */
interface Settled {
  /** The newest event. */
  readonly last: number
  /** The events that it would hear if it continued. */
  readonly left: ReadonlySet<number>
  /** Waiting for a retry, with the number of attempts so far. */
  readonly retrying: ReadonlyMap<number, number>
  readonly parked: ReadonlySet<number>
}

const nobody: Settled = { last: 0, left: new Set(), retrying: new Map(), parked: new Set() }

/**
 * Watches a log from outside: after each death it compares the receipts and deliveries of the process with a copy of the
 * log. It knows the engine only by its answers.
 */
export class Witness {
  readonly #directory: string
  readonly #diary: string
  readonly #listeners: readonly string[]
  readonly #told = new Map<string, number>()
  readonly #news = new Set<string>()
  readonly #handled = new Map<string, Set<number>>()
  readonly #settled = new Map<string, Settled>()
  #lines = 0
  /** Events in the log, receipts, and events handled a second time. */
  readonly counts = { events: 0, told: 0, again: 0 }

  constructor(directory: string, diary: string, listeners: readonly string[]) {
    this.#directory = directory
    this.#diary = diary
    this.#listeners = listeners
  }

  /** Fails if something was lost, stored twice or delivered again without need; `last`: also if anything is left to do. */
  async look(last = false): Promise<void> {
    this.#read()
    const copy = `${this.#directory}-copy`
    await cp(this.#directory, copy, { recursive: true })
    const log = await openLog(copy, { warn: () => undefined })
    try {
      assert.deepEqual(await log.verify(), { ok: true, problems: [] })
      const made = await this.#events(log)
      for (const listener of this.#listeners) await this.#compare(log, listener, made, last)
    } finally {
      await log.close()
      await rm(copy, { recursive: true })
    }
  }

  // The diary of the life that just ended, compared with what was durable when it began.
  #read(): void {
    const lines = readFileSync(this.#diary, 'utf8').split('\n').slice(0, -1)
    const begun = new Set<string>()
    for (const line of lines.slice(this.#lines)) {
      const [what, ...words] = line.split(' ') as [string, string, string, string]
      if (what === 'told') this.#answer(words[0], words[1], Number(words[2]))
      else if (what === 'begins') this.#begins(begun, words[0], Number(words[1]), Number(words[2]))
      else if (what === 'handled') this.#ends(words[0], Number(words[1]))
      else assert.fail(`the process said: ${line}`)
    }
    this.#lines = lines.length
  }

  #answer(identifier: string, status: string, seq: number): void {
    this.counts.told += 1
    assert.equal(this.#told.get(identifier) ?? seq, seq, `${identifier} was told under two seqs`)
    this.#told.set(identifier, seq)
    if (status !== 'new') return assert.equal(status, 'duplicate')
    assert.ok(!this.#news.has(identifier), `${identifier} was new twice`)
    this.#news.add(identifier)
  }

  #begins(begun: Set<string>, listener: string, seq: number, attempt: number): void {
    const { last, left, retrying, parked } = this.#settled.get(listener) ?? nobody
    const first = !begun.has(`${listener} ${seq}`)
    begun.add(`${listener} ${seq}`)
    assert.ok(!parked.has(seq), `${listener} was told event ${seq}, which is parked`)
    assert.ok(seq > last || left.has(seq), `${listener} was told event ${seq} again, which was settled`)
    const attempts = retrying.get(seq)
    if (first) assert.equal(attempt, (attempts ?? 0) + 1, `${listener}: the attempts at event ${seq} were forgotten`)
  }

  #ends(listener: string, seq: number): void {
    const handled = this.#handled.get(listener) ?? new Set()
    if (handled.has(seq)) this.counts.again += 1
    this.#handled.set(listener, handled.add(seq))
  }

  /** The seqs of the events that listeners hear. */
  async #events(log: LevelLog): Promise<ReadonlySet<number>> {
    const made = new Set<number>()
    const identities = new Map<string, number>()
    let seqs = 0
    for await (const { type, identifier, seq } of log.events()) {
      assert.equal(seq, ++seqs, 'a gap in the log')
      if (type !== 'made') continue
      made.add(seq)
      assert.ok(!identities.has(identifier), `${identifier} was stored twice`)
      identities.set(identifier, seq)
    }
    for (const [identifier, seq] of this.#told) assert.equal(identities.get(identifier), seq, `${identifier} is lost`)
    this.counts.events = made.size
    return made
  }

  async #compare(log: LevelLog, listener: string, made: ReadonlySet<number>, last: boolean): Promise<void> {
    const settled = await settledBy(log, listener, made)
    this.#settled.set(listener, settled)
    const { left, parked } = settled
    const handled = this.#handled.get(listener) ?? new Set()
    for (const seq of handled) assert.ok(made.has(seq), `${listener} handled event ${seq}, which the log does not have`)
    const done = [...made].filter((seq) => !left.has(seq) && !parked.has(seq))
    const lost = done.filter((seq) => !handled.has(seq))
    assert.deepEqual(lost, [], `${listener} never handled what it would not be told any more`)
    // State is stored in one step with the ack of its event, so each event is counted once.
    const counted: number[] = []
    for await (const { key, value } of log.store(`listener/${listener}`).list()) {
      assert.equal(value, 1, `the state of ${listener} counts event ${key} more than once`)
      counted.push(Number(key))
    }
    const order = (a: number, b: number): number => a - b
    assert.deepEqual(
      counted.sort(order),
      done.sort(order),
      `the state of ${listener} is not that of what it has settled`,
    )
    if (listener !== 'failing') assert.equal(parked.size, 0)
    if (last) assert.equal(done.length + parked.size, made.size, `${listener} is not done`)
  }
}

async function settledBy(log: LevelLog, listener: string, made: ReadonlySet<number>): Promise<Settled> {
  const last = Math.max(0, ...made)
  let isKnown = false
  for await (const { name } of log.consumers()) isKnown ||= name === listener
  // It died before the log knew it: every event is still to come.
  if (!isKnown) return { ...nobody, last, left: made }
  const consumer = await log.consumer(listener, { start: 'start', types: ['made'] })
  const retrying = new Map<number, number>()
  const parked = new Set<number>()
  for await (const { event, attempts } of consumer.retrying()) retrying.set(event.seq, attempts)
  for await (const { event } of consumer.parked()) parked.add(event.seq)
  return { last, left: await leftOf(log, consumer, new Set(retrying.keys())), retrying, parked }
}

// Everything that the listener would hear now, up to an event published for this purpose, and everything that waits.
async function leftOf(log: LevelLog, consumer: Consumer, left: Set<number>): Promise<Set<number>> {
  const [end] = await log.accept([{ type: 'made', identifier: `end of ${consumer.name}`, data: null }])
  for (;;) {
    for (const { event } of await consumer.pull(1000, new AbortController().signal)) {
      if (event.seq === end?.seq) return left
      if (event.data !== null) left.add(event.seq)
    }
  }
}
