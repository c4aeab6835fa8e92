import { LogMeter } from '../log/log-meter.ts'
import type { Log } from '../log/port.ts'
import { PostgresClaims } from './claims.ts'
import { PostgresConsumers } from './consumers.ts'
import type { Fence } from './fence.ts'
import { PostgresHolds } from './holds.ts'
import type { OpenedLog } from './opened-log.ts'
import { PostgresPruner } from './prune.ts'
import { Saves } from './saves.ts'
import type { Session } from './session.ts'
import { WriteQueue } from './write-queue.ts'

/** What all views of one open log share: the log itself, and the one that each hold sees. */
export class LogParts {
  readonly session: Session
  readonly opened: OpenedLog
  readonly meter = new LogMeter()
  readonly queue: WriteQueue
  readonly saves: Saves
  readonly consumers: PostgresConsumers
  readonly claims: PostgresClaims
  readonly holds: PostgresHolds
  readonly pruner: PostgresPruner
  #closed: Promise<void> | undefined

  /** `view` makes the log as it is under a fence, or without one. */
  constructor(session: Session, opened: OpenedLog, view: (parts: LogParts, fence: Fence | undefined) => Log) {
    this.session = session
    this.opened = opened
    this.queue = new WriteQueue(session, opened.identity)
    this.saves = new Saves(session, this.queue, opened.clock)
    this.consumers = new PostgresConsumers({
      session,
      saves: this.saves,
      clock: opened.clock,
      viewOf: (fence) => view(this, fence),
    })
    this.claims = new PostgresClaims(session, opened.clock)
    this.holds = new PostgresHolds(session)
    this.pruner = new PostgresPruner(session, this.saves, opened.clock)
    session.onCommitted = () => this.consumers.committed()
    session.onExpired = () => {
      this.holds.expired()
      this.consumers.expired()
    }
    session.onReconnected = async (write, isOther) => {
      await this.holds.reconnected(write, isOther)
      return this.consumers.reconnected(write, isOther)
    }
  }

  get state(): 'ready' | 'failed' | 'closed' {
    return this.#closed === undefined ? this.session.state : 'closed'
  }

  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  /** Ends as a crash would. */
  abandon(): void {
    this.#closed ??= this.session.end()
  }

  async #end(): Promise<void> {
    // What was published is answered first.
    await this.queue.inOrder(async () => undefined)
    this.consumers.closing()
    await this.session.end(async () => {
      await this.saves.flush()
      const { agent } = this.session.options
      await this.session.write(
        `WITH gone AS (DELETE FROM ${this.session.name('agent')} WHERE id = $1),
          free AS (UPDATE ${this.session.name('hold')} SET holder = NULL, epoch = epoch + 1 WHERE holder = $1)
          UPDATE ${this.session.name('consumer')} SET holder = NULL WHERE holder = $1`,
        [agent],
      )
    })
    this.holds.expired()
  }
}
