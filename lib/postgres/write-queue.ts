import { asError } from '../core/errors.ts'
import type { Accepted } from '../core/event.ts'
import { type AcceptCall, answersOf, columnsOf, isDoubtful } from './accept-call.ts'
import type { SlotColumns } from './claims.ts'
import { isRefused, isUndone } from './connection.ts'
import { type Fence, writeFenced } from './fence.ts'
import type { Session } from './session.ts'

/** The most drafts that one call of the server decides about. */
const MOST_DRAFTS = 512

/** A call of `accept` that waits. */
interface Queued {
  readonly call: AcceptCall
  /** Resolves to the slot to complete with the events. */
  readonly completing: (() => Promise<SlotColumns>) | undefined
  /** The hold that it belongs to. */
  readonly fence: Fence | undefined
  answered(answers: readonly Accepted[]): void
  failed(error: unknown): void
}

/**
 * The writes of one agent, in order and one at a time. Calls of `accept` that wait beside each other become one call of
 * the server. If that fails with its connection, all that wait are rejected with it, so that the order of a publisher
 * holds.
 */
export class WriteQueue {
  readonly #session: Session
  readonly #identity: 'type' | 'identifier'
  #queue: (Queued | (() => Promise<void>))[] = []
  #running = false

  constructor(session: Session, identity: 'type' | 'identifier') {
    this.#session = session
    this.#identity = identity
  }

  /** Sends drafts. `completing` resolves to the slot to complete with them. */
  accept(call: AcceptCall, completing?: () => Promise<SlotColumns>, fence?: Fence): Promise<readonly Accepted[]> {
    return new Promise((answered, failed) => this.#add({ call, completing, fence, answered, failed }))
  }

  /** Runs a write, or a read that sees what was written before, at its turn. */
  inOrder<T>(act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => this.#add(() => act().then(resolve, reject)))
  }

  /** Decides as `accept` would, and stores nothing. */
  async preview(call: AcceptCall): Promise<readonly Accepted['status'][]> {
    const values = [this.#session.now, ...columnsOf([call], this.#identity)]
    const text = `SELECT o_status FROM ${this.#session.name('preview_1')}(${marks(values)})`
    const [[statuses] = []] = await this.#refusing([call], () => this.#session.write(text, values))
    const names = ['duplicate', 'new', 'changed'] as const
    return call.drafts.map((_, n) => names[(statuses as readonly number[] | null)?.[n] ?? 0] as Accepted['status'])
  }

  #add(each: Queued | (() => Promise<void>)): void {
    this.#queue.push(each)
    if (this.#running) return
    this.#running = true
    // Later: what is published in one turn goes together.
    void Promise.resolve().then(() => this.#run())
  }

  async #run(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (typeof next === 'function') {
        this.#queue.shift()
        await next()
      } else await this.#send(this.#batch())
    }
    this.#running = false
  }

  async #send(queued: readonly Queued[]): Promise<void> {
    const calls = queued.map(({ call }) => call)
    try {
      const [row = []] = await this.#refusing(calls, () => this.#ask(queued))
      const { answers, newest } = answersOf(calls, row)
      this.#session.stored(newest)
      for (const [i, { answered }] of queued.entries()) answered(answers[i] as readonly Accepted[])
    } catch (error) {
      // What the server can't store of one call is not the failure of the others.
      if (queued.length > 1 && isUndone(error)) {
        for (const each of queued) await this.#send([each])
        return
      }
      for (const { failed } of queued) failed(error)
      if (this.#session.state === 'ready') return
      const isCall = (each: Queued | (() => Promise<void>)): each is Queued => typeof each !== 'function'
      for (const { failed } of this.#queue.filter(isCall)) failed(error)
      this.#queue = this.#queue.filter((each) => !isCall(each))
    }
  }

  /** Takes the calls that go together. */
  #batch(): readonly Queued[] {
    const isAlone = ({ call, completing }: Queued): boolean => completing !== undefined || isDoubtful(call)
    const batch: Queued[] = []
    let drafts = 0
    for (const each of this.#queue) {
      if (typeof each === 'function') break
      const [first] = batch
      const isOther = first !== undefined && (isAlone(each) || each.fence !== first.fence)
      if (isOther || (first !== undefined && drafts + each.call.drafts.length > MOST_DRAFTS)) break
      batch.push(each)
      drafts += each.call.drafts.length
      if (isAlone(each)) break
    }
    this.#queue.splice(0, batch.length)
    return batch
  }

  async #ask(queued: readonly Queued[]): ReturnType<Session['write']> {
    const calls = queued.map(({ call }) => call)
    for (;;) {
      const slots = (await queued[0]?.completing?.()) ?? []
      const values = [...slots, this.#session.now, ...columnsOf(calls, this.#identity)]
      const name = this.#session.name(slots.length > 0 ? 'accept_run_1' : 'accept_2')
      try {
        return await writeFenced(this.#session, queued[0]?.fence, `SELECT * FROM ${name}(${marks(values)})`, values)
      } catch (error) {
        // Another agent has changed the slots in between.
        if (!isRefused(error, 'changed')) throw error
      }
    }
  }

  // The error of a draft that the server has refused, which is not known there.
  async #refusing<T>(calls: readonly AcceptCall[], ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      if (!isRefused(error, 'refused')) throw error
      const problem = calls.flatMap(({ drafts }) => drafts)[Number(error.message) - 1]?.problem
      throw asError(problem?.error ?? error)
    }
  }
}

function marks(values: readonly unknown[]): string {
  return values.map((_, i) => `$${i + 1}`).join(', ')
}
