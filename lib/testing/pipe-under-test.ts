import type { Arbitrary } from 'fast-check'
import { type Fate, PipeFold } from '../agent/inspect/pipe-fold.ts'
import { systemClock } from '../core/clock.ts'
import type { StoredEvent } from '../core/event.ts'
import { freezeJson } from '../core/json.ts'
import { DAY, HOUR, MINUTE } from '../core/time-units.ts'
import type { Listener } from '../listener/listener.ts'
import { typeTest } from '../log/type-names.ts'
import { BrokenLaw, show } from './check-law.ts'
import { fc } from './fast-check.ts'
import { LONGEST } from './patience.ts'

/** When the first event of a history was created, in ms since the epoch. */
const BEGINNING = Date.UTC(2026, 0, 1)

/** The most events in a history. */
const MOST = 8

/** An event with what the pipe made of it. */
export interface Decided {
  readonly event: StoredEvent
  readonly fate: Fate
}

/** The pipe of a listener, and the events that its law generates. */
export class PipeUnderTest {
  /** Generates events in the order in which a log has them. */
  readonly histories: Arbitrary<readonly StoredEvent[]>
  readonly #fresh: () => Listener
  #heard = 0

  /** `fresh`: returns the listener as a process has it that has just started. */
  constructor(fresh: () => Listener, events: Arbitrary<StoredEvent>) {
    this.#fresh = fresh
    const hears = typeTest(fresh().source.types)
    this.histories = historyOf(events).map((history) => {
      this.#heard += history.filter(({ type }) => hears(type)).length
      return history
    })
  }

  /** The number of generated events of types that the listener hears. */
  get heard(): number {
    return this.#heard
  }

  /** The listener as a process has it that has just started. */
  fresh(): Listener {
    const listener = this.#fresh()
    return { ...listener, settings: { ...listener.settings, timeout: Math.min(LONGEST, listener.settings.timeout) } }
  }

  /** Runs the pipe over a history, in the order of its decisions. `restart`: the process restarts before this event. */
  async decide(
    history: readonly StoredEvent[],
    restart?: number,
    listener = this.fresh(),
  ): Promise<readonly Decided[]> {
    const decided: Decided[] = []
    const options = {
      clock: systemClock,
      decided: (event: StoredEvent, fate: Fate) => {
        if (fate.kind === 'fails') endIfHanging(fate.error, [eventLine(event)])
        decided.push({ event, fate })
      },
    }
    let fold = new PipeFold(listener, options)
    for (const [at, event] of history.entries()) {
      if (at === restart) fold = await fold.restarted(this.fresh())
      await fold.add(event)
    }
    await fold.end((history.at(-1)?.created ?? 0) + DAY)
    return decided
  }
}

/**
 * Ends a law whose pipe hangs: each smaller case would take as long.
 *
 * @throws BrokenLaw when the error is that of a pipe that took too long
 */
export function endIfHanging(error: unknown, lines: readonly string[]): void {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown }
  if (code === 'TIDINGS_LISTENER_TIMEOUT') throw new BrokenLaw(String(message), lines, { final: true })
}

/** Generates histories: numbered, dated, and each identity once, unless its events have versions. */
export function historyOf(
  events: Arbitrary<StoredEvent>,
  { least = 0, most = MOST } = {},
): Arbitrary<readonly StoredEvent[]> {
  const gap = fc.oneof(fc.constant(0), fc.nat(MINUTE), fc.nat(HOUR), fc.nat(3 * DAY))
  return fc.array(fc.tuple(events, gap), { minLength: least, maxLength: most }).map((drawn) => {
    const history: StoredEvent[] = []
    const revisions = new Map<string, number>()
    let created = BEGINNING
    for (const [event, ms] of drawn) {
      const name = JSON.stringify([event.type, event.identifier])
      const revision = (revisions.get(name) ?? 0) + 1
      if (revision > 1 && event.version === undefined) continue
      revisions.set(name, revision)
      created += ms
      const versioned = event.version === undefined ? {} : { revision }
      history.push(freezeJson({ ...event, seq: history.length + 1, created, ...versioned }))
    }
    return history
  })
}

/** One line about an event. */
export function eventLine({ seq, type, identifier, data, created }: StoredEvent): string {
  return `event ${seq}, ${new Date(created).toISOString()}: ${type} ${JSON.stringify(identifier)} ${show(data)}`
}

/** A value that left a pipe, in words: most are events. */
export function valueWords(value: unknown): string {
  const { seq, identifier } = Object(value) as { readonly seq?: unknown; readonly identifier?: unknown }
  return typeof seq === 'number' && typeof identifier === 'string' ? `event ${seq}` : show(value)
}

/** What became of an event, in words. */
export function fateLine(fate: Fate | undefined): string {
  switch (fate?.kind) {
    case undefined:
      return 'is not decided'
    case 'passes':
      return `passes as ${fate.values.map(valueWords).join(', ')}${fate.batch ? ` with the events ${fate.batch.join(', ')}` : ''}`
    case 'filtered':
      return 'is filtered out'
    case 'waits':
      return fate.until === undefined ? 'waits for others' : `waits until ${new Date(fate.until).toISOString()}`
    case 'fails':
      return `fails: ${fate.error.message}`
  }
}
