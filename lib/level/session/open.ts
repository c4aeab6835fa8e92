import { randomUUID } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { TidingsError } from '../../core/errors.ts'
import { KIND, keys, LAST_SEQ, seqOf, startingWith } from '../format/keys.ts'
import { decode, encode, FORMAT, type Head, type Meta, unseal } from '../format/records.ts'
import { missing, recordPages } from '../read/records.ts'
import { type Database, type DatabaseSource, IN_LOG_FILES, pagesOf, SYNCED } from '../store/database.ts'
import type { IdentityFilterFile } from '../store/identity-filter-file.ts'
import type { Mark, MarkFile } from '../store/marker-file.ts'
import { refuseNewer, upgrade } from '../store/upgrade.ts'
import type { IndexState } from '../write/event-index.ts'
import type { CommitNumbers } from '../write/eventless-commits.ts'

/** A store that was opened and whose records are sound. */
export interface OpenedStore {
  readonly db: Database
  readonly meta: Meta
  /** The highest seq. */
  readonly head: number
  /** The lowest seq whose body is kept. */
  readonly first: number
  /** The eventless commits that have a record. */
  readonly eventless: CommitNumbers
  /** The counts of types and the index of causes. */
  readonly index: IndexState
}

export interface OpenOptions {
  /** This process had the store open before, and found its files sound then. Default false. */
  readonly isReopening?: boolean
  /** The rule that the caller asked for; undefined: the rule of the log. */
  readonly identity: 'type' | 'identifier' | undefined
  /** Dates a new log. */
  readonly clock: Clock
  /** The FILTER file, which names the newest event of the log when it was written. */
  readonly identityFilter?: { readonly file: Pick<IdentityFilterFile, 'covers'> }
  /** Called with what was repaired. */
  warn(message: string): void
}

/** The least number of bytes that an event adds to a log file beside its record: its identity. */
const BESIDE = 16

/**
 * Opens the store and checks what LevelDB can't: that it is the store that was here before (MARK), that its newest events
 * are present without a gap (decision 0003), and that this version can read it. Deletes nothing. See
 * `store/database.ts` for the whole order of opening.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED`, `TIDINGS_LOG_FORMAT`, `TIDINGS_LOG_IDENTITY`, `TIDINGS_LOG_LOCKED`
 */
export async function openStore(source: DatabaseSource, marks: MarkFile, options: OpenOptions): Promise<OpenedStore> {
  const mark = await marks.read()
  const marked = mark !== undefined && mark !== 'bad'
  const check = options.isReopening === true ? {} : { check: { marked } }
  const db = await source.open({ createIfMissing: mark === undefined, ...check })
  try {
    const found = (await readMeta(db, mark)) ?? (await create(db, options, source.id))
    checkMeta(found, mark, options.identity)
    const meta = await upgrade(db, found)
    const head = decode<Head>(keys.head, await db.get(keys.head)) ?? [0, 0, 1]
    await checkTail(db, head, mark)
    await checkFilter(meta, head, options)
    const eventless = eventlessOf(head)
    await checkEventless(db, eventless, mark)
    if (mark === 'bad') options.warn('the MARK file could not be read, and is written again')
    source.accepted?.()
    return { db, meta, head: head[0], first: head[2], eventless, index: await indexOf(db, head) }
  } catch (error) {
    await db.close()
    throw error
  }
}

async function readMeta(db: Database, mark: Mark | 'bad' | undefined): Promise<Meta | undefined> {
  const meta = decode<Meta>(keys.meta, await db.get(keys.meta))
  if (meta !== undefined) return meta
  const [found] = await db.keys({ limit: 1 }).all()
  if (mark === undefined && found === undefined) return undefined
  throw damaged('the log has lost the record with its id and format', 1)
}

async function create(db: Database, { identity, clock }: OpenOptions, id: string = randomUUID()): Promise<Meta> {
  const meta: Meta = { format: FORMAT, id, identity: identity ?? 'type', created: clock.now() }
  await db.batch().put(keys.meta, encode(keys.meta, meta)).write(SYNCED)
  return meta
}

function checkMeta(meta: Meta, mark: Mark | 'bad' | undefined, identity: OpenOptions['identity']): void {
  refuseNewer(Math.max(meta.format, mark === undefined || mark === 'bad' ? 0 : mark.format))
  if (identity !== undefined && identity !== meta.identity) {
    throw new TidingsError(
      'TIDINGS_LOG_IDENTITY',
      `the log tells events apart by ${meta.identity}, but was opened with identity: '${identity}'`,
      { details: { expected: identity, found: meta.identity } },
    )
  }
  if (mark !== undefined && mark !== 'bad' && mark.id !== meta.id) {
    throw damaged('the MARK file belongs to another log', 1)
  }
}

// An older copy has an older MARK, or none, so only a newer FILTER shows that events are missing.
async function checkFilter({ id }: Meta, [head]: Head, { identityFilter }: OpenOptions): Promise<void> {
  const covers = await identityFilter?.file.covers()
  if (covers === undefined || covers.log !== id || covers.seq <= head) return
  const words = `the FILTER file knows events up to ${covers.seq}, the log ends at ${head}: it is an older copy. To use it as it is, delete FILTER`
  throw damaged(words, head + 1)
}

async function checkTail(db: Database, [head, floor, first]: Head, mark: Mark | 'bad' | undefined): Promise<void> {
  const acknowledged = Math.max(floor, mark === undefined || mark === 'bad' ? 0 : mark.seq)
  if (acknowledged > head)
    throw damaged(`events up to ${acknowledged} were acknowledged, the log ends at ${head}`, head + 1)
  for await (const [[newest] = [0]] of recordPages(db, { from: head + 1, to: LAST_SEQ }))
    throw damaged(`event ${newest} exists, though the log ends at ${head}`, head + 1)
  const opened = mark === undefined || mark === 'bad' ? 0 : (mark.opened ?? 0)
  const bad = await lowestBad(db, Math.max(first, opened + 1), head)
  if (bad !== undefined) throw bad
}

function eventlessOf([, , , newest = 0, oldest = newest + 1]: Head): CommitNumbers {
  return { newest, oldest }
}

// An older version leaves the counts that it finds.
async function indexOf(db: Database, [seq, , first, , , unindexed]: Head): Promise<IndexState> {
  if (unindexed !== undefined) return { unindexed, stale: [] }
  const stale = await db.keys(startingWith(KIND.count)).all()
  return { unindexed: first <= seq ? [first, seq] : 0, stale }
}

// Without these commits, cursors, state and runs would silently be older than they were.
async function checkEventless(db: Database, numbers: CommitNumbers, mark: Mark | 'bad' | undefined): Promise<void> {
  const acknowledged = mark === undefined || mark === 'bad' ? 0 : (mark.quiet ?? 0)
  const gone = acknowledged > numbers.newest ? numbers.newest + 1 : await firstMissing(db, numbers)
  if (gone === undefined) return
  const words = `commit ${gone} of those without events is missing from the log: cursors, state or runs are older than they were`
  throw new TidingsError('TIDINGS_LOG_DAMAGED', words, { details: { quiet: gone } })
}

/** Returns the first eventless commit whose record is missing, or that has one too many. */
async function firstMissing(db: Database, { newest, oldest }: CommitNumbers): Promise<number | undefined> {
  let expected = oldest
  for await (const page of pagesOf(db.keys(startingWith(KIND.eventless)))) {
    for (const key of page) if (seqOf(key) !== expected++) return expected - 1
  }
  return expected === newest + 1 ? undefined : expected
}

// Reads back from the newest event, as far as events may have been in a log file.
async function lowestBad(db: Database, low: number, head: number): Promise<TidingsError | undefined> {
  let bad: TidingsError | undefined
  let expected = head
  let bytes = 0
  for await (const page of recordPages(db, { from: low, to: head }, { reverse: true })) {
    for (const [seq, text] of page) {
      if (bytes > IN_LOG_FILES) return bad
      if (seq < expected) bad = missing(seq + 1)
      try {
        unseal(keys.event(seq), text)
      } catch (error) {
        bad = error as TidingsError
      }
      expected = seq - 1
      bytes += text.length + BESIDE
    }
  }
  return expected < low ? bad : missing(low)
}

function damaged(message: string, seq: number): TidingsError {
  return new TidingsError('TIDINGS_LOG_DAMAGED', message, { details: { seq } })
}
