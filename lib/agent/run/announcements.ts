import type { Clock } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { engineDraft } from '../../core/engine-types.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import { asError, hasCode } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { JsonValue } from '../../core/json.ts'
import { isTransient, keepTrying } from '../../core/keep-trying.ts'
import type { Logger } from '../../core/logger.ts'
import type { HandlerCall } from '../../dispatch/handler-calls.ts'
import { refuseLoop } from '../../dispatch/hops.ts'
import type { Handed, Log, Writes } from '../../log/port.ts'

/** Pending announcements of parked events, by their identifier. */
const TO_ANNOUNCE = 'tidings/to-announce'

/** How many announcements are read and published at once: the most that are in memory. */
const PAGE = 100

/** The data of `tidings.listener.parked`, and the cause of the parked event. */
interface Announcement {
  readonly data: { readonly listener: string; readonly seq: number; readonly type: string } & Record<string, JsonValue>
  readonly cause?: number
}

/** What announcements need from an agent. */
export interface AnnouncementsHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: { readonly logger: Logger }
  /** Aborts when the agent stops: after that, nothing waits for a log that fails. */
  readonly stop: AbortSignal
}

/**
 * Announces each parked event by an event (decision 0036). The commit that parks an event also stores the pending
 * announcement, and the commit that stores the announcement removes it: a crash in between loses none, and pending
 * announcements are on disk.
 */
export class Announcements {
  readonly #host: AnnouncementsHost
  // By listener: resolves when its parked events are durable.
  readonly #flushes = new Map<string, () => Promise<void>>()
  #due = false
  #announcing: Promise<void> | undefined

  constructor(host: AnnouncementsHost) {
    this.#host = host
  }

  /** Returns the writes that go into the commit that parks an event, with the calls of its last attempt. */
  parking(
    listener: string,
    { event, attempt }: Handed,
    error: ErrorInfo,
    handlerCalls: readonly HandlerCall[] = [],
  ): Writes {
    const { seq, type, identifier, cause } = event
    const { name, message, code } = error
    const shortError = { name, message, ...defined({ code }) }
    const calls = handlerCalls.map(({ method, host, status }) => ({ method, host, ...defined({ status }) }))
    const made = calls.length === 0 ? {} : { calls }
    const data = { listener, seq, type, identifier, attempts: attempt, error: shortError, ...made }
    const value = { data, ...defined({ cause }) }
    return [
      { namespace: TO_ANNOUNCE, key: `${listener} ${seq} ${new Date(this.#host.clock.now()).toISOString()}`, value },
    ]
  }

  /** Announces the events that a listener has parked. `flush` resolves when the parking is durable. */
  parked(listener: string, flush: () => Promise<void>): void {
    this.#flushes.set(listener, flush)
    this.announce()
  }

  /** Publishes the pending announcements, including those that a dead process left. */
  announce(): void {
    this.#due = true
    this.#announcing ??= this.#announceAll().finally(() => (this.#announcing = undefined))
  }

  /** Resolves when all parked events are announced, or can't be now: then the next start announces them. */
  async settled(): Promise<void> {
    while (this.#announcing !== undefined) await this.#announcing
  }

  async #announceAll(): Promise<void> {
    const { clock, stop, environment } = this.#host
    while (this.#due) {
      this.#due = false
      const flushes = [...this.#flushes.values()]
      this.#flushes.clear()
      const announce = async (): Promise<void> => {
        await Promise.all(flushes.map(durable))
        while (await this.#announcePage());
      }
      const shouldRetry = (error: Error): boolean => !hasCode(error, 'TIDINGS_LOG_CLOSED')
      const onFailure = (err: unknown): void =>
        environment.logger.warn({ err }, 'parked events could not be announced yet')
      await keepTrying(announce, { clock, stop, shouldRetry, onFailure }).catch(onFailure)
    }
  }

  /** Resolves to false when nothing is left. */
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
      await refuseLoop(log, { ...data, ...defined({ cause }) } as unknown as StoredEvent)
      await log.accept([engineDraft('tidings.listener.parked', key, data)], { cause: seq, state })
    } catch (error) {
      if (isTransient(error) || hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
      // The log rejects the announcement itself and would again: this ends the chain of announcements about announcements.
      environment.logger.warn(
        { listener: data.listener, seq, err: asError(error) },
        'engine event could not be published',
      )
      await log.accept([], { state })
    }
  }
}

// A consumer that was taken over has handed over its pending writes.
async function durable(flush: () => Promise<void>): Promise<void> {
  try {
    await flush()
  } catch (error) {
    if (!hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
  }
}
