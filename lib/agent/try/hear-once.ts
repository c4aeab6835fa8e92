import { defined } from '../../core/defined.ts'
import type { Environment } from '../../core/environment.ts'
import { type ErrorInfo, errorInfo } from '../../core/error-info.ts'
import { asError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import { Deliverer } from '../../dispatch/deliverer.ts'
import type { DeliveryAttempt } from '../../dispatch/delivery-attempt.ts'
import { MemoryGate } from '../../dispatch/memory-gate.ts'
import type { DeliveryOutcome } from '../../dispatch/outcome.ts'
import type { Listener } from '../../listener/listener.ts'
import type { Consumer, Handed, Log } from '../../log/port.ts'
import { type Drainable, drained } from '../run/drained.ts'

/** What a trial of a job or listener needs. */
export interface Trial {
  readonly log: Log
  readonly clock: Log['clock']
  readonly environment: Environment
  /** Aborts the run and the deliveries. */
  readonly signal: AbortSignal
  /** Removes known secrets from text that is stored. */
  scrub(text: string): string
}

/** One delivery. */
export interface Heard {
  /** The seq of the event. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** How many values the listener's pipe emitted, which the handler received. */
  readonly values: number
  /** Why the delivery failed; absent if it succeeded. */
  readonly error?: ErrorInfo
}

/** How many events are pulled from the log at once. */
const PULL = 100

/**
 * Delivers the events `again` to a listener, and those accepted while `work` runs: each once, one after the other. The
 * log does not know the listener before or after.
 */
export async function hearOnce<R>(
  listener: Listener,
  again: readonly StoredEvent[],
  trial: Trial,
  work: () => Promise<R>,
): Promise<{ readonly result: R; readonly heard: readonly Heard[] }> {
  const { log, signal } = trial
  const { types } = listener.source
  const consumer = await log.consumer(listener.name, {
    start: 'now',
    transient: true,
    ...defined({ types }),
  })
  if (again.length > 0) await consumer.redeliver(again.map(({ seq }) => seq))
  const over = new AbortController()
  const end = (): void => over.abort()
  if (signal.aborted) end()
  signal.addEventListener('abort', end, { once: true })
  // A failed consumer ends the wait below.
  const hearing = hear(listener, consumer, trial, over.signal).finally(end)
  // Awaited below; until then its failure must not count as unhandled.
  hearing.catch(() => undefined)
  try {
    const result = await work()
    await drained(() => [unfinished(consumer)], { stop: over.signal, clock: trial.clock })
    end()
    const heard = await hearing
    await consumer.flush()
    return { result, heard }
  } finally {
    end()
    signal.removeEventListener('abort', end)
  }
}

// A consumer here never retries, but an event to deliver once more waits as a retry does.
function unfinished(consumer: Consumer): Drainable {
  const isIdle = async (): Promise<boolean> => {
    const { behind, running, retrying } = await consumer.lag()
    return behind + running + retrying === 0
  }
  return { name: consumer.name, changes$: consumer.changes$, isIdle }
}

async function hear(listener: Listener, consumer: Consumer, trial: Trial, done: AbortSignal): Promise<Heard[]> {
  let values = 0
  const handle: Listener['handle'] = (value, delivery) => {
    values += 1
    return listener.handle(value, delivery)
  }
  const deliverer = new Deliverer({ ...listener, handle, settings: { ...listener.settings, attempts: 1 } }, trial)
  const heard: Heard[] = []
  const { log, clock } = trial
  const dropped = ({ event: { seq, type, identifier } }: Handed): void => {
    heard.push({ seq, type, identifier, values: 0 })
  }
  const gate = MemoryGate.of(listener, consumer, { log, clock, isTrial: true, dropped })
  while (!done.aborted) {
    const batch = await consumer.pull(PULL, done)
    for (const handed of gate === undefined ? batch : await gate.admit(batch)) {
      if (trial.signal.aborted) return heard
      values = 0
      const error = await deliver(deliverer.deliver(handed, gate?.verdict(handed)), handed, consumer, trial)
      if (error !== undefined) logFailure(listener, handed, error, trial)
      const { seq, type, identifier } = handed.event
      heard.push({
        seq,
        type,
        identifier,
        values,
        ...(error === undefined ? {} : { error: errorInfo(error, trial.scrub) }),
      })
    }
  }
  return heard
}

function logFailure({ name }: Listener, { event, attempt }: Handed, err: Error, { environment }: Trial): void {
  environment.logger.error({ listener: name, seq: event.seq, attempt, err }, 'listener failed')
}

async function deliver(
  attempt: DeliveryAttempt,
  handed: Handed,
  consumer: Consumer,
  { signal }: Trial,
): Promise<Error | undefined> {
  const stop = (): void => attempt.stop(asError(signal.reason))
  signal.addEventListener('abort', stop, { once: true })
  // The handler itself may have caused the abort.
  if (signal.aborted) stop()
  const outcome = await new Promise<DeliveryOutcome>((resolve) => attempt.onEnd(resolve))
  signal.removeEventListener('abort', stop)
  if (outcome.end === 'ack') {
    consumer.ack(handed, outcome.writes)
    return undefined
  }
  consumer.park(handed, { error: outcome.error })
  return outcome.error
}
