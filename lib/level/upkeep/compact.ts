import type { Progress } from '../../log/upkeep.ts'
import { allKeys, type KeyRange, KIND, keys, startingWith } from '../format/keys.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Session } from '../session/session.ts'
import { refuseBadBlocks } from '../store/check-files.ts'
import { approximateSize, compactRange } from '../store/database.ts'
import { bytesIn } from '../store/directory.ts'

/** The result of a compaction. */
export interface Compacted {
  /** The size of the log on disk before, in bytes; 0 in memory. */
  readonly before: number
  /** The size of the log on disk after, in bytes; 0 in memory. */
  readonly after: number
}

/** The size of the ranges that are compacted one after another, so that progress can be shown. */
const RANGE_BYTES = 64 * 1024 * 1024

/** See `LevelLog.compact`. LevelDB rewrites its tables without the deleted and overwritten records. */
export async function compact(store: ReopeningStore, progress: Progress = () => undefined): Promise<Compacted> {
  const size = async (): Promise<number> => (store.directory === undefined ? 0 : bytesIn(store.directory, isNotTextLog))
  const before = await size()
  // LevelDB checks no block, and would write the contents of a damaged one with a valid checksum.
  await refuseBadBlocks(store.directory)
  const ranges = await rangesOf(store.session)
  for (const [i, range] of ranges.entries()) {
    await compactRange(store.session.db, range)
    progress(i + 1, ranges.length)
  }
  // LevelDB reports a failed compaction with the next write.
  await store.commit([])
  return { before, after: await size() }
}

// LevelDB's text log has a line for each table. In a small log, that would outgrow the space that was freed.
function isNotTextLog(name: string): boolean {
  return !name.startsWith('LOG')
}

// Events are most of a large log, and can be divided by their seqs.
async function rangesOf({ db, first, writer }: Session): Promise<KeyRange[]> {
  const parts = Math.ceil((await approximateSize(db, startingWith(KIND.event))) / RANGE_BYTES)
  if (parts <= 1) return [allKeys]
  const each = Math.ceil((writer.durable - first + 1) / parts)
  const cuts = Array.from({ length: parts }, (_, i) => keys.event(first + i * each))
  const bounds = [allKeys.gte, ...cuts, KIND.flight, KIND.identity, KIND.claim, allKeys.lt]
  return bounds.slice(1).map((lt, i) => ({ gte: bounds[i] as string, lt }))
}
