import { background, type CancelTimer, pause, systemClock } from '../core/clock.ts'
import { hasCode } from '../core/errors.ts'
import { checkHold } from '../log/hold.ts'
import { Fence } from './fence.ts'
import type { Session } from './session.ts'
import { fromText, toText } from './text.ts'

/**
 * What this agent has of that which only one agent may have at a time. A hold is a row of the log: its epoch fences those
 * that had it before, and it is free when its agent's lease has ended.
 *
 * An agent that waits for a hold asks for it ten times a lease. Of the agents that want a hold, the one that its name and
 * theirs prefer by hash should have it, so holds spread evenly over agents that come and go. That one leaves its name as
 * the heir. The holder looks for heirs with every heartbeat, ends its work, and releases.
 */
export class PostgresHolds {
  readonly #session: Session
  readonly #held = new Map<string, Fence>()
  /** What is being asked for: one caller of this agent at a time. */
  readonly #asking = new Set<string>()
  #taken = 0
  #stop: CancelTimer = () => undefined

  constructor(session: Session) {
    this.#session = session
  }

  /** Takes a hold, or waits for it; asks at least once. Resolves to undefined when the signal aborts. */
  async take(name: string, signal: AbortSignal): Promise<Fence | undefined> {
    checkHold(name)
    for (;;) {
      this.#session.checkOpen()
      const fence = await this.#ask(name)
      if (fence !== undefined || signal.aborted) return fence
      await pause(systemClock, this.#session.options.lease / 10, signal)
      if (signal.aborted) return undefined
    }
  }

  async #ask(name: string): Promise<Fence | undefined> {
    if (this.#held.has(name) || this.#asking.has(name)) return undefined
    this.#asking.add(name)
    try {
      const epoch = await this.#epochOf(name)
      if (epoch === undefined) return undefined
      this.#taken += 1
      const fence = new Fence('hold', name, `${this.#session.options.agent}/${this.#taken}`, epoch)
      if (this.#held.size === 0) this.#watch()
      this.#held.set(name, fence)
      return fence
    } catch (error) {
      // A lost answer may have been a yes: the next question has the same answer.
      if (hasCode(error, 'TIDINGS_LOG_FAILED')) return undefined
      throw error
    } finally {
      this.#asking.delete(name)
    }
  }

  async #epochOf(name: string): Promise<number | undefined> {
    const { agent, lease } = this.#session.options
    const text = `SELECT ${this.#session.name('take_hold_1')}($1, $2, $3)`
    const [[epoch] = []] = await this.#session.write(text, [toText(name), agent, lease])
    return epoch === null || epoch === undefined ? undefined : Number(epoch)
  }

  /** Gives a hold back. A log that can't be reached gives it back once it is connected again. */
  async release(fence: Fence): Promise<void> {
    if (this.#held.get(fence.name) !== fence) return
    this.#held.delete(fence.name)
    if (this.#held.size === 0) this.#stop()
    fence.lose()
    const text = `UPDATE ${this.#session.name('hold')} SET holder = NULL, epoch = epoch + 1 WHERE name = $1 AND epoch = $2`
    try {
      await this.#session.write(text, [toText(fence.name), fence.epoch])
    } catch (error) {
      if (!hasCode(error, 'TIDINGS_LOG_FAILED') && !hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
    }
  }

  /**
   * The connections are new, and `write` asks on them: each hold is taken again, with a new epoch, unless another agent has
   * had it meanwhile. `isOther`: the server may have lost commits, so nothing is known to be held.
   */
  async reconnected(write: Session['write'], isOther: boolean): Promise<void> {
    const { agent } = this.#session.options
    for (const fence of this.#held.values()) {
      const isTaken = !isOther && (await fence.takeAgain(this.#session, write, agent))
      if (!isTaken) this.#lose(fence)
    }
    const text = `UPDATE ${this.#session.name('hold')} SET holder = NULL, epoch = epoch + 1
      WHERE holder = $1 AND name <> ALL ($2)`
    await write(text, [agent, [...this.#held.keys()].map(toText)])
  }

  /** Other agents may have everything: the lease has ended without a heartbeat, or the log is closed. */
  expired(): void {
    for (const fence of this.#held.values()) this.#lose(fence)
  }

  #lose(fence: Fence): void {
    if (this.#held.get(fence.name) === fence) this.#held.delete(fence.name)
    if (this.#held.size === 0) this.#stop()
    fence.lose()
  }

  #watch(): void {
    this.#stop()
    this.#stop = background(() => void this.#lookForHeirs().catch(() => undefined), this.#session.options.lease / 3)
  }

  async #lookForHeirs(): Promise<void> {
    const { agent, lease } = this.#session.options
    const text = `SELECT name FROM ${this.#session.name('hold')}
      WHERE holder = $1 AND heir IS NOT NULL AND asked > clock_timestamp() - $2::float8 * interval '1 ms'`
    for (const [name] of await this.#session.read(text, [agent, lease]))
      this.#held.get(fromText(name as string))?.want()
  }
}
