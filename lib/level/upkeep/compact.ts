import { allKeys, type KeyRange, KIND, keys, startingWith } from '../format/keys.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Session } from '../session/session.ts'
import { refuseBadBlocks } from '../store/check-files.ts'
import { approximateSize, compactRange } from '../store/database.ts'
import { bytesIn } from '../store/directory.ts'
import type { Progress } from './backup.ts'

/** How large the log is on disk, in bytes, before and after. */
export interface Compacted {
  readonly before: number
  readonly after: number
}

/** The size of the ranges that are compacted one after another, so that progress can be shown. */
const RANGE_BYTES = 64 * 1024 * 1024

/** Has LevelDB write its tables anew, without what was deleted. */
export async function compact(store: ReopeningStore, progress: Progress = () => undefined): Promise<Compacted> {
  const size = async (): Promise<number> => (store.directory === undefined ? 0 : bytesIn(store.directory, isNoDiary))
  const before = await size()
  // LevelDB checks no block: what it makes of a damaged one has a sound checksum.
  await refuseBadBlocks(store.directory)
  const ranges = await rangesOf(store.session)
  for (const [i, range] of ranges.entries()) {
    await compactRange(store.session.db, range)
    progress(i + 1, ranges.length)
  }
  // LevelDB does not say when it could not write a table: the next write does.
  await store.commit([])
  return { before, after: await size() }
}

// LevelDB writes down what it does, a line a table: in a small log, that is larger than what was made smaller.
function isNoDiary(name: string): boolean {
  return !name.startsWith('LOG')
}

// Events make up most of a large log, and can be divided by their seqs.
async function rangesOf({ db, first, writer }: Session): Promise<KeyRange[]> {
  const parts = Math.ceil((await approximateSize(db, startingWith(KIND.event))) / RANGE_BYTES)
  if (parts <= 1) return [allKeys]
  const each = Math.ceil((writer.durable - first + 1) / parts)
  const cuts = Array.from({ length: parts }, (_, i) => keys.event(first + i * each))
  const bounds = [allKeys.gte, ...cuts, KIND.flight, KIND.identity, KIND.claim, allKeys.lt]
  return bounds.slice(1).map((lt, i) => ({ gte: bounds[i] as string, lt }))
}
