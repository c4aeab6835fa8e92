import type { CancelTimer, Clock } from '../core/clock.ts'
import { asError, hasCode } from '../core/errors.ts'
import { DAY, HOUR, SECOND } from '../core/time-units.ts'
import type { Log } from './port.ts'
import type { Pruned, Retention } from './retention.ts'

/** Delay of the first prune, in ms: a log that has just opened has other work first. */
const SOON = 10 * SECOND

/** Identities are scanned every 24th prune, once a day, because the scan reads each one. */
const IDENTITIES_EVERY = 24

/** A clock that jumps ahead by more than this, in ms, is not trusted at once: its date may be wrong. */
const JUMP = 7 * DAY

/** The clock is trusted again after it has stayed there for this long, in ms. */
const BELIEVED = DAY

/** The state key of the time at which the clock was last trusted, in ms since the epoch. */
const TRUSTED = { namespace: 'tidings/retention', key: 'trusted' }

/** The least number of removed bodies that is worth a compaction. */
const WORTH_COMPACTING = 1000

/** What a log that prunes itself has to offer. `compact` frees the disk space, where a prune does not. */
export interface Prunable extends Pick<Log, 'state' | 'store' | 'events' | 'committed$'> {
  prune(retention: Retention): Promise<Pruned>
  compact?(): Promise<unknown>
}

/**
 * Prunes a log every hour until it is closed. Reports a failure and tries again with the next prune. Removes nothing by
 * age while the clock has jumped ahead: a machine that boots with a wrong date must not lose its events.
 */
export function autoPrune(
  retention: Retention,
  { log, clock, warn }: { readonly log: Prunable; readonly clock: Clock; warn(message: string): void },
): void {
  const trust = new Trust(log, clock)
  let cancel: CancelTimer
  let times = 0
  let removed = 0
  const prune = async (): Promise<void> => {
    const all = times % IDENTITIES_EVERY === 0
    try {
      const isTrusted = await trust.renew()
      if (!isTrusted && !trust.reported)
        warn('the clock has jumped ahead: the log prunes nothing by age until the clock has stayed there for a day')
      trust.reported = !isTrusted
      // The daily scan of identities waits for a trusted clock.
      if (isTrusted || !all) times += 1
      const wanted = partsOf(retention, { identities: all && isTrusted, age: isTrusted })
      if (wanted === undefined) return
      const pruned = await log.prune(wanted)
      if (log.compact === undefined) return
      removed += pruned.removed
      // Compaction rewrites everything, so it waits until as many bodies have been removed as are kept.
      if (removed < Math.max(WORTH_COMPACTING, pruned.last - pruned.first + 1)) return
      removed = 0
      await log.compact()
    } catch (error) {
      if (hasCode(error, 'TIDINGS_LOG_CLOSED')) return
      warn(`the log could not be pruned: ${asError(error).message}`)
    }
  }
  const again = (): void => (log.state === 'closed' ? undefined : wait(HOUR))
  const wait = (ms: number): void => void (cancel = clock.timer(() => void prune().then(again), ms))
  wait(SOON)
  log.committed$.subscribe({ complete: () => cancel() })
}

function partsOf(
  { identities, age, ...rest }: Retention,
  wanted: { readonly identities: boolean; readonly age: boolean },
): Retention | undefined {
  const parts: Retention = {
    ...rest,
    ...(wanted.age && age !== undefined ? { age } : {}),
    ...(wanted.identities && identities !== undefined ? { identities } : {}),
  }
  return Object.keys(parts).length === 0 ? undefined : parts
}

/** Decides whether the clock is trusted: it has not jumped ahead, or has stayed where it jumped to for a day. */
class Trust {
  readonly #log: Prunable
  readonly #clock: Clock
  // When the clock was last trusted; undefined: not read yet.
  #trusted: number | undefined
  // The time on the clock when the jump was noticed.
  #jumped: number | undefined
  reported = false

  constructor(log: Prunable, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** Call it every hour. */
  async renew(): Promise<boolean> {
    const store = this.#log.store(TRUSTED.namespace)
    this.#trusted ??= (await store.get<number>(TRUSTED.key))?.value ?? (await this.#newest())
    const now = this.#clock.now()
    if (now - this.#trusted > JUMP) {
      // Hours after the jump add up; another jump restarts the count.
      if (this.#jumped === undefined || now < this.#jumped) this.#jumped = now
      if (now - this.#jumped < BELIEVED || now - this.#jumped > BELIEVED + JUMP) {
        if (now - this.#jumped > BELIEVED + JUMP) this.#jumped = now
        return false
      }
    }
    this.#jumped = undefined
    this.#trusted = now
    await store.set(TRUSTED.key, now)
    return true
  }

  // An older log has no stored time, so its newest event counts. An empty log has nothing to lose.
  async #newest(): Promise<number> {
    for await (const { created } of this.#log.events({ reverse: true, limit: 1 })) return created
    return this.#clock.now()
  }
}
