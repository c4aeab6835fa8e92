import { type Signal, signal } from '@preact/signals-core'
import { api } from '../api.ts'
import { some } from '../text.ts'
import type { StoredEvent } from '../types.ts'

/** What a search has found so far. */
export interface Found {
  readonly events: readonly StoredEvent[]
  /** How many events it has read. */
  readonly scanned: number
  /** Where to search on; undefined at the beginning of the log. */
  readonly next: number | undefined
  /** When the last event that was read was accepted, in ms since the epoch. */
  readonly back: number | undefined
}

/** The most events that are shown of one search. */
export const MOST_FOUND = 200

/** A search for text through the log, newest first, one step at a time. */
export class Search {
  readonly found: Signal<Found | undefined> = signal(undefined)
  readonly error: Signal<string | undefined> = signal(undefined)
  readonly isBusy = signal(false)
  readonly #text: string
  readonly #types: readonly string[] | undefined
  readonly #since: string | undefined
  #isClosed = false

  constructor(text: string, types: readonly string[] | undefined, since: string | undefined) {
    this.#text = text
    this.#types = types
    this.#since = since
  }

  close(): void {
    this.#isClosed = true
  }

  /** Searches the next part of the log: at most 20 000 events. */
  async on(): Promise<void> {
    if (this.isBusy.value) return
    this.isBusy.value = true
    const { events, scanned, next: before } = this.found.value ?? { events: [], scanned: 0, next: undefined }
    try {
      const answer = await api.events.search(some({ text: this.#text, types: this.#types, since: this.#since, before }))
      const last = answer.next === undefined ? undefined : await api.events.at(answer.next)
      if (this.#isClosed) return
      this.found.value = {
        events: [...events, ...answer.events].slice(0, MOST_FOUND),
        scanned: scanned + answer.scanned,
        next: answer.next,
        back: last?.created,
      }
      this.error.value = undefined
    } catch (error) {
      this.error.value = (error as Error).message
    } finally {
      this.isBusy.value = false
    }
  }
}
