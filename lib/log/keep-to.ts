import type { Cancel, Clock } from '../core/clock.ts'
import { asError, hasCode } from '../core/errors.ts'
import type { LevelLog } from './level-log.ts'
import type { Retention } from './retention.ts'

/** A log that is opened has other things to do first, in ms. */
const SOON = 10_000

const HOUR = 3_600_000

/** Identities are looked through once a day: it takes a look at each. */
const IDENTITIES_EVERY = 24

/** Fewer bodies are not worth a compaction. */
const WORTH = 1000

/** Prunes a log, again and again, until it is closed. What goes wrong is said, and tried again the next time. */
export function keepTo(
  retention: Retention,
  { log, clock, warn }: { readonly log: LevelLog; readonly clock: Clock; warn(message: string): void },
): void {
  const { identities: _, ...bodies } = retention
  let cancel: Cancel
  let times = 0
  let removed = 0
  const prune = async (): Promise<void> => {
    const all = times++ % IDENTITIES_EVERY === 0
    try {
      if (!all && Object.keys(bodies).length === 0) return
      const pruned = await log.prune(all ? retention : bodies)
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
