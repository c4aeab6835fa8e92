import { systemClock } from '../core/clock.ts'
import { defined } from '../core/defined.ts'
import { TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Fill, LogFacts, PortableEvent, PortableSource, PortableTarget } from '../log/copy/portable-log.ts'
import { KIND, keys, seqOf, startingWith } from './format/keys.ts'
import { decode, encode, FORMAT, type Head, type Meta } from './format/records.ts'
import { openLog } from './open-log.ts'
import { readPortable, writePortable } from './portable-records.ts'
import { openStore } from './session/open.ts'
import { refuseBadBlocks } from './store/check-files.ts'
import { type Database, levelDatabase } from './store/database.ts'
import { createAtomically, pathOf, withErrorContext } from './store/directory.ts'
import { holdsLog } from './store/log-files.ts'
import { markFile } from './store/marker-file.ts'
import { hourRecord, hoursSinceEpoch } from './upkeep/age-index.ts'
import type { Op } from './write/commit.ts'
import { type Counted, countEvent } from './write/event-index.ts'
import { FilledBlocks } from './write/time-spans.ts'

/**
 * Reads the log in a directory, and keeps it locked meanwhile.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (there is no log), `TIDINGS_LOG_LOCKED` (in use), `TIDINGS_LOG_DAMAGED`,
 *   `TIDINGS_LOG_FORMAT`, `TIDINGS_LOG_FAILED`
 */
export async function readLevel<T>(directory: string, use: (source: PortableSource) => Promise<T>): Promise<T> {
  const path = pathOf(directory, 'copyLog()')
  if (!(await holdsLog(path)))
    throw new TidingsError('TIDINGS_LOG_INVALID', `there is no log in ${path}`, { details: { directory: path } })
  const source = levelDatabase(path)
  const lock = await source.lock?.()
  try {
    const { db, meta, first, head } = await withErrorContext(`opening the log in ${path}`, path, () =>
      openStore(source, markFile(path), { identity: undefined, clock: systemClock, warn: () => undefined }),
    )
    try {
      // A damaged block can hide records without any reader noticing.
      await refuseBadBlocks(path)
      const { id, identity, created } = meta
      const facts = { id, identity, created, first, last: head, hours: await hoursIn(db) }
      return await use({ facts, records: (kind) => readPortable(db, kind) })
    } finally {
      await db.close()
    }
  } finally {
    lock?.release()
  }
}

async function hoursIn(db: Database): Promise<NonNullable<LogFacts['hours']>> {
  const hours = await db.iterator(startingWith(KIND.hour)).all()
  return hours.map(([key, text]) => [seqOf(key), decode<number>(key, text)])
}

/**
 * Makes a log in a directory that is empty or missing. It is filled in `DIRECTORY.partial`, where it can't be opened,
 * because the records with its id and its end are written last; then it is verified and renamed.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the directory is not empty), `TIDINGS_LOG_DAMAGED` (what was copied does not
 *   agree with itself), `TIDINGS_LOG_FAILED` (the disk is full, or access is denied)
 */
export async function makeLevel<T>(directory: string, facts: LogFacts, fill: Fill<T>): Promise<T> {
  const target = pathOf(directory, 'copyLog()')
  return createAtomically(target, (partial) =>
    withErrorContext(`the copy to ${partial}`, partial, async () => {
      const db = await levelDatabase(partial).open({ createIfMissing: true })
      let filled: T
      try {
        const loading = new LoadingLog(db, facts)
        filled = await fill(loading)
        await loading.finish()
      } finally {
        await db.close()
      }
      await verified(partial)
      return filled
    }),
  )
}

class LoadingLog implements PortableTarget {
  readonly #db: Database
  readonly #facts: LogFacts
  readonly #counts = new Map<string, Counted>()
  readonly #blocks = new FilledBlocks()

  constructor(db: Database, facts: LogFacts) {
    this.#db = db
    this.#facts = facts
  }

  readonly records: PortableTarget['records'] = (kind) => readPortable(this.#db, kind)

  readonly put: PortableTarget['put'] = async (kind, records) => {
    const ops = writePortable(kind, records, this.#facts.identity)
    const events = kind === 'event' ? (records as readonly PortableEvent[]) : []
    await this.#write([...ops, ...events.flatMap(({ event }) => this.#index(event))])
  }

  /** Makes a log out of the records: only now can it be opened. */
  async finish(): Promise<void> {
    const { id, identity, first, last, created = systemClock.now() } = this.#facts
    // All of them were accepted before this hour is over.
    const sinceNow = first > 1 ? [[hoursSinceEpoch(systemClock.now()), first - 1] as const] : []
    const { hours = sinceNow } = this.#facts
    const counts = Array.from(this.#counts, ([type, counted]): Op => {
      const key = keys.count(type)
      return [key, encode(key, counted)]
    })
    await this.#write([...hours.map(([hour, seq]) => hourRecord(hour, seq)), ...counts])
    const [meta, head]: [Meta, Head] = [{ format: FORMAT, id, identity, created }, [last, last, first, 0, 1, 0]]
    await this.#write([
      [keys.meta, encode(keys.meta, meta)],
      [keys.head, encode(keys.head, head)],
    ])
  }

  // The index of types counts them, and that of times has the blocks that are full.
  #index(event: StoredEvent): readonly Op[] {
    countEvent(this.#counts, event)
    const filled = this.#blocks.add(event)
    return filled === undefined ? [] : [filled]
  }

  async #write(ops: readonly Op[]): Promise<void> {
    const batch = this.#db.batch()
    for (const [key, text] of ops) batch.put(key, text as string)
    await batch.write()
  }
}

async function verified(partial: string): Promise<void> {
  const log = await openLog(partial, { warn: () => undefined })
  try {
    const [problem] = (await log.verify()).problems
    if (problem === undefined) return
    const words = `what was copied does not agree with itself: ${problem.message}`
    throw new TidingsError('TIDINGS_LOG_DAMAGED', words, { details: { ...defined({ seq: problem.seq }) } })
  } finally {
    await log.close()
  }
}
