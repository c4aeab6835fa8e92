import type { Clock } from '../core/clock.ts'
import type { ErrorInfo } from '../core/error-info.ts'
import { asError, hasCode } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { JsonValue } from '../core/json.ts'
import type { Logger } from '../core/logger.ts'
import { ownDraft } from '../core/own.ts'
import { mayPass, persist } from '../core/persist.ts'
import { refuseLoop } from '../dispatch/hops.ts'
import type { Handed, Log, Writes } from '../log/port.ts'

/** Parked events that are not announced yet: an announcement by its identifier. */
const TO_ANNOUNCE = 'tidings/to-announce'

/** So many are read and announced at once: all that is held in memory. */
const PAGE = 100

/** What `tidings.listener.parked` says, and the cause of the event that was parked. */
interface Announcement {
  readonly data: { readonly listener: string; readonly seq: number; readonly type: string } & Record<string, JsonValue>
  readonly cause?: number
}

/** What announcements need of an agent. `stop`: after that, a log that fails is not waited for. */
export interface AnnouncementsHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: { readonly logger: Logger }
  readonly stop: AbortSignal
}

/**
 * Announces parked events by an event each. That an announcement is due is written in the same commit as the parking, and
 * taken back in the commit that stores the announcement: a crash in between loses none, and what waits is on disk.
 */
export class Announcements {
  readonly #host: AnnouncementsHost
  // What makes due what was parked, by listener.
  readonly #parked = new Map<string, () => Promise<void>>()
  #due = false
  #announcing: Promise<void> | undefined

  constructor(host: AnnouncementsHost) {
    this.#host = host
  }

  /** An event is about to be parked: what is to be written with that. `flush` resolves when it is durable. */
  park(listener: string, { event, attempt }: Handed, error: ErrorInfo, flush: () => Promise<void>): Writes {
    const { seq, type, identifier, cause } = event
    const { name, message, code } = error
    const words = { name, message, ...(code === undefined ? {} : { code }) }
    const data = { listener, seq, type, identifier, attempts: attempt, error: words }
    const value = { data, ...(cause === undefined ? {} : { cause }) }
    this.#parked.set(listener, flush)
    // Once it is parked.
    queueMicrotask(() => this.begin())
    return [
      { namespace: TO_ANNOUNCE, key: `${listener} ${seq} ${new Date(this.#host.clock.now()).toISOString()}`, value },
    ]
  }

  /** Announces what is due; also what was left by a process that died. */
  begin(): void {
    this.#due = true
    this.#announcing ??= this.#announceAll().finally(() => (this.#announcing = undefined))
  }

  /** Resolves when all that was parked is announced, or can't be now: then it is at the next start. */
  async settled(): Promise<void> {
    while (this.#announcing !== undefined) await this.#announcing
  }

  async #announceAll(): Promise<void> {
    const { clock, stop, environment } = this.#host
    while (this.#due) {
      this.#due = false
      const flushes = [...this.#parked.values()]
      this.#parked.clear()
      const announce = async (): Promise<void> => {
        await Promise.all(flushes.map(durable))
        while (await this.#announcePage());
      }
      const worth = (error: Error): boolean => !hasCode(error, 'TIDINGS_LOG_CLOSED')
      const failed = (err: unknown): void =>
        environment.logger.warn({ err }, 'parked events could not be announced yet')
      await persist(announce, { clock, stop, worth, failed }).catch(failed)
    }
  }

  /** False: nothing is left. */
  async #announcePage(): Promise<boolean> {
    const { log } = this.#host
    const page: { readonly key: string; readonly value: Announcement }[] = []
    for await (const { key, value } of log.store(TO_ANNOUNCE).list<Announcement>()) {
      page.push({ key, value })
      if (page.length === PAGE) break
    }
    await Promise.all(page.map(({ key, value }) => this.#announce(key, value)))
    return page.length === PAGE
  }

  async #announce(key: string, { data, cause }: Announcement): Promise<void> {
    const { log, environment } = this.#host
    const { seq } = data
    const state = [{ namespace: TO_ANNOUNCE, key }]
    try {
      await refuseLoop(log, { ...data, ...(cause === undefined ? {} : { cause }) } as unknown as StoredEvent)
      await log.accept([ownDraft('tidings.listener.parked', key, data)], { cause: seq, state })
    } catch (error) {
      if (mayPass(error) || hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
      // It is refused for what it is, and would be again: news about news about news ends somewhere.
      environment.logger.warn({ listener: data.listener, seq, err: asError(error) }, 'news could not be told')
      await log.accept([], { state })
    }
  }
}

// A consumer that was taken over has handed on what it had to write.
async function durable(flush: () => Promise<void>): Promise<void> {
  try {
    await flush()
  } catch (error) {
    if (!hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
  }
}
