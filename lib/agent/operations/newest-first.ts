import type { StoredEvent } from '../../core/event.ts'
import { gte } from '../../filter/comparison.ts'
import { at } from '../../filter/path.ts'
import { named } from '../../filter/test.ts'
import type { Log, Query } from '../../log/port.ts'

/** How many events are read before other work gets its turn: a few ms. */
const AT_ONCE = 500

/** A walk over the events of a log, newest first, that ends after a number of events. */
export interface Walk {
  readonly query: Pick<Query, 'types' | 'before'> & {
    /** In ms since the epoch. Bounds what is read; older events may come all the same. */
    readonly since?: number
  }
  /** Ends after reading this many events. */
  readonly most: number
  /** The number of events read so far. */
  scanned: number
  /** What is looked for. */
  fits(event: StoredEvent): boolean
}

/**
 * Yields the events that fit, and others between them: the last that was read, and each that other work has waited for.
 */
export async function* newestFirst(log: Log, walk: Walk): AsyncGenerator<StoredEvent> {
  const { since = Number.NEGATIVE_INFINITY, ...query } = walk.query
  const see = (event: StoredEvent): boolean => {
    walk.scanned += 1
    return walk.scanned % AT_ONCE === 0 || walk.scanned >= walk.most || walk.fits(event)
  }
  // The operands bound where the log reads. `see` itself has to be called for each event that is read there.
  const where = named('all', [at<StoredEvent, 'created'>('created', gte(since))], (event) => see(event as StoredEvent))
  for await (const event of log.events({ ...query, reverse: true, where })) {
    yield event
    if (walk.scanned >= walk.most) return
    if (walk.scanned % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}
