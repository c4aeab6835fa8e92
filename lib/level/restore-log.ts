import { constants } from 'node:fs'
import { copyFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { defined } from '../core/defined.ts'
import { asError, TidingsError } from '../core/errors.ts'
import type { Progress } from '../log/upkeep.ts'
import { openLog } from './open-log.ts'
import { levelDatabase, pagesOf } from './store/database.ts'
import { createAtomically, isWithin, pathOf, withErrorContext } from './store/directory.ts'
import { makeDirectory, namesIn } from './store/log-files.ts'

/** The files of a backup. */
const PARTS = /^(\d+\.(ldb|sst|log)|CURRENT|MANIFEST-\d+|MARK)$/

/** The result of restoring a backup. */
export interface Restored {
  /** The seq of the newest event; 0 for an empty log. */
  readonly last: number
  /** The number of records of all kinds. */
  readonly records: number
}

/**
 * Makes a log out of a backup, in a directory that is empty or missing. Copies the backup to `DIRECTORY.partial`, verifies
 * the copy, then renames it. The backup stays unchanged.
 *
 * @param options `progress` is called with the bytes copied and verified so far
 * @throws TidingsError `TIDINGS_LOG_INVALID` (the backup is not complete; the directory is not empty, or is a file, or
 *   is inside a log), `TIDINGS_LOG_DAMAGED`, `TIDINGS_LOG_FORMAT`, `TIDINGS_LOG_FAILED` (the disk is full, or access is
 *   denied)
 *
 * @example
 * ```ts
 * import { memoryLog, openLog, restoreLog } from 'tidings'
 *
 * const log = await memoryLog()
 * await log.accept([{ type: 'greeting', identifier: '1', data: 'hello' }])
 * await log.backup('backups/monday')
 *
 * await restoreLog('backups/monday', '.tidings/restored')
 * await using restored = await openLog('.tidings/restored')
 * console.log(await restored.last())
 * ```
 */
export async function restoreLog(
  backup: string,
  directory: string,
  {
    progress = () => undefined,
  }: {
    /** Called as files are copied and events verified. */
    readonly progress?: Progress
  } = {},
): Promise<Restored> {
  const [from, target] = [pathOf(backup, 'restoreLog()'), pathOf(directory, 'restoreLog()')]
  const names = (await withErrorContext(`reading ${from}`, from, () => namesIn(from))).filter((name) =>
    PARTS.test(name),
  )
  if (!names.includes('MARK') || !names.includes('CURRENT')) {
    throw new TidingsError('TIDINGS_LOG_INVALID', `${from} does not hold a complete backup`, {
      details: { directory: from },
    })
  }
  if (isWithin(target, from)) {
    throw new TidingsError('TIDINGS_LOG_INVALID', `a log can't be restored into its own backup: ${target}`, {
      details: { directory: target },
    })
  }
  return createAtomically(target, async (partial) => {
    const work = `restoring ${from} to ${partial}`
    const bytes = await withErrorContext(work, partial, () => copy(from, partial, names, progress))
    const records = await count(partial)
    return {
      last: await check(from, partial, (part) => progress(bytes + Math.floor(part * bytes), 2 * bytes)),
      records,
    }
  })
}

// Copying is the first half of the progress.
async function copy(from: string, partial: string, names: readonly string[], progress: Progress): Promise<number> {
  await makeDirectory(partial)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(from, name))).size))
  const all = sizes.reduce((sum, size) => sum + size, 0)
  let done = 0
  for (const [i, name] of names.entries()) {
    await copyFile(join(from, name), join(partial, name), constants.COPYFILE_FICLONE)
    done += sizes[i] as number
    progress(done, 2 * all)
  }
  return all
}

async function count(partial: string): Promise<number> {
  const db = await levelDatabase(partial).open({ createIfMissing: false })
  try {
    let records = 0
    for await (const page of pagesOf(db.keys())) records += page.length
    return records
  } finally {
    await db.close()
  }
}

// Verifying is the second half of the progress. Returns the seq of the newest event.
async function check(from: string, partial: string, progress: (part: number) => void): Promise<number> {
  const log = await openLog(partial, { warn: () => undefined })
  try {
    const { problems } = await log.verify({ progress: (done, all) => progress(all <= 0 ? 1 : done / all) })
    const [problem] = problems
    if (problem !== undefined) {
      const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
      throw new TidingsError('TIDINGS_LOG_DAMAGED', `the backup ${from} is damaged: ${problem.message}${more}`, {
        details: { directory: from, ...defined({ seq: problem.seq }) },
      })
    }
    progress(1)
    return await log.last()
  } finally {
    await log.close().catch((error) => void asError(error))
  }
}
