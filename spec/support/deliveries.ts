import type { StoredEvent } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import type { Listener, ListenerOptions } from '../../lib/listener/listener.ts'
import type { Parked } from '../../lib/log/port.ts'
import type { Place } from './agent-harness.ts'

export const made = eventType('made').of<{ n: number }>()

export const drafts = (...numbers: number[]) => numbers.map((n) => made(String(n), { n }))

/** Versioned, so that one identity has many events. */
export const mixedMade = eventType('made').of<{ n: number; key: string }>({ changed: true })
export type Mixed = StoredEvent<'made', { n: number; key: string }>

/** `count` drafts of so many keys, in no particular order of keys. */
export const mixed = (count: number, keys: number) =>
  Array.from({ length: count }, (_, n) => {
    const key = `key ${(n * 7 + Math.floor(n / 13)) % keys}`
    return mixedMade(key, { n, key })
  })

/** Parks an event after its first failure. */
export const once: ListenerOptions<never> = { attempts: 1 }

export const codeOf = (error: unknown) => (error as { code?: string } | undefined)?.code

/** One turn of the event loop, for handlers that end later. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Resolves when the virtual clock has advanced so far. */
export const sleep = ({ clock }: Place, ms: number) => new Promise<void>((resolve) => void clock.timer(resolve, ms))

/** The parked events of a listener. */
export async function parkedOf({ log }: Place, name = 'hear'): Promise<Parked[]> {
  const consumer = await log.consumer(name, { start: 'now' })
  const all: Parked[] = []
  for await (const parked of consumer.parked()) all.push(parked)
  return all
}

/** Starts an agent of these listeners, accepts the drafts, and advances the clock. */
export async function hear(
  here: Place,
  parts: readonly Listener[],
  events: readonly ReturnType<typeof made>[],
  ms = 1000,
) {
  const running = await here.begin(parts)
  await here.log.accept(events)
  await here.clock.advance(ms)
  return running
}
