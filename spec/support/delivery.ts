import type { Delivery, StoredEvent } from '../../lib/index.ts'

/** The parts of a delivery that a test chooses. */
export type DeliveryParts = Partial<
  Pick<Delivery, 'fetch' | 'exec' | 'signal' | 'now' | 'secret' | 'key' | 'attempt' | 'index'>
>

/** An event as a log would hand it to a listener. */
export function storedEvent<T>(type: string, data: T, identifier = '1'): StoredEvent<string, T> {
  return { type, identifier, data, seq: 1, created: Date.UTC(2026, 0, 1) }
}

/** A delivery without a log, to call a handler with. */
export function deliveryOf(parts: DeliveryParts = {}, event: StoredEvent = storedEvent('test.happened', {})): Delivery {
  const log = (): void => undefined
  return {
    event,
    events: [event],
    index: 0,
    attempt: 1,
    key: '3f1c9a52-8d47-4b6e-9c21-5e0f7a8b1d34',
    signal: new AbortController().signal,
    fetch: globalThis.fetch,
    exec: () => Promise.reject(new Error('this test runs no programs')),
    now: () => Date.UTC(2026, 0, 1),
    secret: (name) => {
      throw new Error(`this test has no secret ${name}`)
    },
    logger: { trace: log, debug: log, info: log, warn: log, error: log, fatal: log } as unknown as Delivery['logger'],
    publish: () => Promise.reject(new Error('this test publishes nothing')),
    state: {} as Delivery['state'],
    ...parts,
  }
}

/** How a handler ended: its error, or undefined if it succeeded. */
export function outcomeOf(handling: unknown): Promise<Error | undefined> {
  return Promise.resolve(handling).then(
    () => undefined,
    (error: unknown) => error as Error,
  )
}
