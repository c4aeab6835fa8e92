import { rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TidingsError } from '../core/errors.ts'
import { HOUR } from '../core/time-units.ts'
import { openLog } from './open-log.ts'
import { removeLeftovers, withErrorContext } from './store/directory.ts'
import { holdsLog, isLogFile, namesIn } from './store/log-files.ts'

// A folder of dated backups. A backup has its name only while it is complete: it is made, and removed, under another one
// (`NAME.partial`). So whatever dies in between, each name stands for a backup that can be restored.

/** The name of a dated backup: `2026-11-29T032000Z`, in UTC. Names sort by time. */
const DATED = /^\d{4}-\d\d-\d\dT\d{6}Z$/

/** An attempt that nothing was written to for this long, in ms, has died. */
const DEAD = HOUR

/** What a folder of backups has after a rotation. */
export interface Rotated {
  /** The names of the backups, oldest first. */
  readonly kept: readonly string[]
  /** The names of those that were removed. */
  readonly removed: readonly string[]
}

/**
 * Returns the path of a backup that is about to be made at this time, in a folder of dated backups. Removes what attempts
 * that died have left there, since they fill the disk.
 */
export async function nextBackup(folder: string, at: Date): Promise<string> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name)
    if (!DATED.test(name.replace(/\.partial$/, '')) || !name.endsWith('.partial')) continue
    if (at.getTime() - (await newestChange(path)) > DEAD) await removeLeftovers(path).catch(() => undefined)
  }
  const taken = new Set(await namesIn(folder))
  let time = at.getTime()
  while (taken.has(nameOf(time))) time += 1000
  return join(folder, nameOf(time))
}

/**
 * Verifies the backup of this name, then removes the oldest ones until `keep` are left; never this one, even if a clock
 * went back. Leaves everything alone that is not a complete dated backup.
 *
 * @throws TidingsError `TIDINGS_LOG_DAMAGED` when the backup is not sound: none is removed. `TIDINGS_LOG_FAILED`
 */
export async function rotateBackups(folder: string, newest: string, keep: number): Promise<Rotated> {
  await verify(join(folder, newest))
  const backups: string[] = []
  for (const name of await namesIn(folder)) if (await isBackup(folder, name)) backups.push(name)
  const others = backups.filter((name) => name !== newest).toSorted()
  const removed = others.slice(0, Math.max(0, others.length - (keep - 1)))
  for (const name of removed) await remove(join(folder, name))
  return { kept: backups.filter((name) => !removed.includes(name)).toSorted(), removed }
}

async function verify(directory: string): Promise<void> {
  await using log = await openLog(directory, { readOnly: true, warn: () => undefined })
  const { problems } = await log.verify()
  const [problem] = problems
  if (problem === undefined) return
  throw new TidingsError('TIDINGS_LOG_DAMAGED', `the backup ${directory} is damaged: ${problem.message}`, {
    details: { directory },
  })
}

async function isBackup(folder: string, name: string): Promise<boolean> {
  const path = join(folder, name)
  return DATED.test(name) && (await holdsLog(path)) && (await namesIn(path)).every(isLogFile)
}

async function remove(path: string): Promise<void> {
  const going = `${path}.partial`
  await withErrorContext(`removing ${path}`, path, async () => {
    await rm(going, { recursive: true, force: true })
    await rename(path, going)
    await rm(going, { recursive: true })
  })
}

function nameOf(time: number): string {
  return new Date(time).toISOString().replace(/:|\.\d+/g, '')
}

async function newestChange(directory: string): Promise<number> {
  const paths = [directory, ...(await namesIn(directory)).map((name) => join(directory, name))]
  const times = await Promise.all(paths.map(async (path) => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0))
  return Math.max(...times)
}
