import { TidingsError } from '../../core/errors.ts'
import type { Progress } from '../../log/upkeep.ts'
import { KIND, keys, kindOf } from '../format/keys.ts'
import { decode, FORMAT, type Head, unseal } from '../format/records.ts'
import { recordsIn } from '../format/segments.ts'
import { missing } from '../read/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import { refuseBadBlocks } from '../store/check-files.ts'
import { type Database, levelDatabase } from '../store/database.ts'
import { bytesIn, createAtomically, isWithin, pathOf, withErrorContext } from '../store/directory.ts'
import { markFile } from '../store/marker-file.ts'
import { type StoreSnapshot, takeSnapshot } from '../store/snapshot.ts'

/** The result of a backup. */
export interface BackedUp {
  /** The seq of its newest event; 0 for an empty log. */
  readonly last: number
  /** The number of records of all kinds. */
  readonly records: number
  /** Its size on disk, in bytes. */
  readonly bytes: number
}

/** See `LevelLog.backup`. */
export async function backUp(
  store: ReopeningStore,
  to: string,
  progress: Progress = () => undefined,
): Promise<BackedUp> {
  const target = pathOf(to, 'backup()')
  if (store.directory !== undefined && isWithin(target, store.directory)) {
    throw new TidingsError('TIDINGS_LOG_INVALID', `a backup can't be inside the folder of its log: ${target}`, {
      details: { directory: target },
    })
  }
  // A damaged block can hide records without any reader noticing.
  await refuseBadBlocks(store.directory)
  await using frozen = takeSnapshot(store.session.db)
  const { last, records } = await createAtomically(
    target,
    (partial) => withErrorContext(`the backup to ${partial}`, partial, () => copy(frozen, partial, progress)),
    // `restoreLog` refuses a backup without a MARK file, so this is written last.
    (partial, { last }) => markFile(partial).write({ id: store.meta.id, format: FORMAT, seq: last }),
  )
  progress(records, records)
  return { last, records, bytes: await bytesIn(target) }
}

async function copy(
  frozen: StoreSnapshot,
  partial: string,
  progress: Progress,
): Promise<{ readonly last: number; readonly records: number }> {
  const [last, , first] = decode<Head>(keys.head, await frozen.get(keys.head)) ?? [0, 0, 1]
  // Each event has a body, unless it was pruned, and an identity.
  const about = last - first + 1 + last
  const db = await levelDatabase(partial).open({ createIfMissing: true })
  try {
    let records = 0
    let expected = first
    for await (const page of frozen.pages()) {
      const next = check(page, expected)
      await write(db, page)
      records += next - expected + page.filter(([key]) => kindOf(key) !== KIND.event).length
      expected = next
      progress(records, Math.max(about, records))
    }
    if (expected <= last) throw missing(expected)
    return { last, records }
  } finally {
    await db.close()
  }
}

// Throws for a damaged record, so that a complete backup is a sound one. Returns the seq of the next event.
function check(page: readonly [string, string][], next: number): number {
  let expected = next
  for (const [key, text] of page) {
    if (kindOf(key) === KIND.event) {
      for (const [seq, record] of recordsIn(key, text)) {
        if (seq !== expected) throw missing(expected)
        unseal(keys.event(seq), record)
        expected += 1
      }
    } else if (kindOf(key) !== KIND.type) unseal(key, text)
  }
  return expected
}

async function write(db: Database, page: readonly [string, string][]): Promise<void> {
  const batch = db.batch()
  for (const [key, text] of page) batch.put(key, text)
  await batch.write()
}
