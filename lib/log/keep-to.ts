import type { Cancel, Clock } from '../core/clock.ts'
import { asError, hasCode } from '../core/errors.ts'
import type { LevelLog } from './level-log.ts'
import type { Retention } from './retention.ts'

/** A log that is opened has other things to do first, in ms. */
const SOON = 10_000

const HOUR = 3_600_000

/** Identities are looked through once a day: it takes a look at each. */
const IDENTITIES_EVERY = 24

/** A clock that shows so much more time than has passed, in ms, is not believed at once: its date may be wrong. */
const JUMP = 7 * 24 * HOUR

/** It is believed once it has stayed there for so long, in ms. */
const BELIEVED = 24 * HOUR

/** Where it is kept when the clock was trusted last, in ms since the epoch. */
const TRUSTED = { namespace: 'tidings/retention', key: 'trusted' }

/** Fewer bodies are not worth a compaction. */
const WORTH = 1000

/**
 * Prunes a log, again and again, until it is closed. What goes wrong is reported, and tried again the next time. Nothing is
 * removed by age while the clock has jumped ahead: a machine that boots with a wrong date must not lose what it keeps.
 */
export function keepTo(
  retention: Retention,
  { log, clock, warn }: { readonly log: LevelLog; readonly clock: Clock; warn(message: string): void },
): void {
  const trust = new Trust(log, clock)
  let cancel: Cancel
  let times = 0
  let removed = 0
  const prune = async (): Promise<void> => {
    const all = times % IDENTITIES_EVERY === 0
    try {
      const isTrusted = await trust.renew()
      if (!isTrusted && !trust.reported)
        warn('the clock has jumped ahead: nothing is pruned by age before it has stayed so for a day')
      trust.reported = !isTrusted
      // What is looked through once a day waits for a clock that is believed.
      if (isTrusted || !all) times += 1
      const wanted = partsOf(retention, { identities: all && isTrusted, age: isTrusted })
      if (wanted === undefined) return
      const pruned = await log.prune(wanted)
      removed += pruned.removed
      // As much has gone as has stayed: then it is worth to write everything anew.
      if (removed < Math.max(WORTH, pruned.last - pruned.first + 1)) return
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

/** Whether the clock is to be believed: it shows about as much time as has passed, or has stayed where it is for a day. */
class Trust {
  readonly #log: LevelLog
  readonly #clock: Clock
  // When the clock was trusted last; undefined: nobody has asked yet.
  #trusted: number | undefined
  // What the clock showed when it had jumped.
  #jumped: number | undefined
  reported = false

  constructor(log: LevelLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** To be asked every hour. */
  async renew(): Promise<boolean> {
    const store = this.#log.store(TRUSTED.namespace)
    this.#trusted ??= (await store.get<number>(TRUSTED.key))?.value ?? (await this.#newest())
    const now = this.#clock.now()
    if (now - this.#trusted > JUMP) {
      // Each hour that is spent there counts; another jump begins anew.
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

  // A log from before that was kept: its newest event. An empty one has nothing to lose.
  async #newest(): Promise<number> {
    for await (const { created } of this.#log.events({ reverse: true, limit: 1 })) return created
    return this.#clock.now()
  }
}
