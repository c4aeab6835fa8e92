import { bytesIn } from './folder.ts'
import type { Progress } from './level-backup.ts'
import { compactRange } from './level-database.ts'
import { kinds, startingWith } from './level-keys.ts'
import type { Life } from './level-life.ts'

/** How large the log is on disk, in bytes, before and after. */
export interface Compacted {
  readonly before: number
  readonly after: number
}

/** Has LevelDB write its tables anew, kind by kind, without what was deleted. */
export async function compact(life: Life, progress: Progress = () => undefined): Promise<Compacted> {
  const size = async (): Promise<number> => (life.directory === undefined ? 0 : bytesIn(life.directory))
  const before = await size()
  for (const [i, kind] of kinds.entries()) {
    await compactRange(life.session.db, startingWith(kind))
    progress(i + 1, kinds.length)
  }
  // LevelDB does not say when it could not write a table: the next write does.
  await life.commit([])
  return { before, after: await size() }
}
