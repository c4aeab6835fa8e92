import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdtemp, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { asError, hasCode, TidingsError } from '../core/errors.ts'
import type { Problem, Progress } from '../log/upkeep.ts'
import { KIND, keys, seqOf, startingWith, textsOf } from './format/keys.ts'
import { decode, decodeEvent, FORMAT, type Meta } from './format/records.ts'
import { openLog } from './open-log.ts'
import { type Rebuilt, rebuild } from './repair/rebuild.ts'
import { type Salvaged, salvage } from './repair/salvage.ts'
import { type Database, levelDatabase } from './store/database.ts'
import { createAtomically, isWithin, pathOf, removeLeftovers, withErrorContext } from './store/directory.ts'
import { isOwnerFile, refuseLocked } from './store/directory-lock.ts'
import { keptBefore } from './store/kept-files.ts'
import { isLogFile, makeDirectory, namesIn } from './store/log-files.ts'
import { type Mark, markFile } from './store/marker-file.ts'

/** The result of a repair. */
export interface Repaired {
  /** The directory of the repaired log. The damaged one is unchanged. */
  readonly directory: string
  /** The number of events kept. */
  readonly events: number
  /** The seq of the newest event; 0 for an empty log. */
  readonly last: number
  /** The seqs of the lost events. Each has an untold `tidings.log.lost` event in its place. */
  readonly lost: readonly number[]
  /** The number of identities restored from events. */
  readonly identities: number
  /** The listeners whose cursor is lost. They begin as new ones. */
  readonly listeners: readonly string[]
  /** The number of damaged records, by kind. */
  readonly spoilt: Readonly<Record<string, number>>
  /** The number of retries, parked events and crash counts whose event is lost. */
  readonly dropped: number
  /** False when a part of the store could not be read at all. */
  readonly whole: boolean
  /** The problems that verifying the repaired log found; normally none. */
  readonly problems: readonly Problem[]
}

/** The names of the kinds of records, by their letters. */
const kindNames: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(KIND).map(([name, letter]) => [letter, name]),
)

/**
 * Makes a sound log out of a damaged one, in another directory, which must be empty or missing. The damaged log stays
 * unchanged: its files are copied to `DIRECTORY.copy`, the sound records of the copy are put into `DIRECTORY.partial`, and
 * that is verified and renamed.
 *
 * LevelDB can abort the process over a damaged table, so `tidings db repair` does this in a child process.
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED` (the damaged log is in use), `TIDINGS_LOG_INVALID` (there is no log; the directory
 *   is not empty, or is a file, or is inside a log), `TIDINGS_LOG_DAMAGED` (no record is sound), `TIDINGS_LOG_FORMAT`,
 *   `TIDINGS_LOG_FAILED` (the disk is full, or access is denied)
 */
export async function repairLog(
  damaged: string,
  directory: string,
  {
    progress = () => undefined,
    harder = false,
  }: {
    /** Called with the number of records read so far. */
    readonly progress?: Progress
    /** Lets LevelDB repair the copy first: for a second attempt, after the process died in the first. Default false. */
    readonly harder?: boolean
  } = {},
): Promise<Repaired> {
  const [from, target] = [pathOf(damaged, 'repairLog()'), pathOf(directory, 'repairLog()')]
  const names = (await namesIn(from)).filter(
    (name) => isLogFile(name) && !isOwnerFile(name) && !/^(LOCK|KEPT.*|.*\.sock|ui-token.*)$/.test(name),
  )
  if (names.length === 0) throw invalid(`${from} holds no log`, from)
  if (isWithin(target, from)) throw invalid(`a log can't be repaired into its own folder: ${target}`, target)
  await refuseInUse(from)
  const copy = `${target}.copy`
  await withErrorContext(`removing ${copy}, left by an earlier attempt,`, copy, () => removeLeftovers(copy))
  try {
    return await createAtomically(target, async (partial) => {
      const bytes = await withErrorContext(`copying ${from} to ${copy}`, copy, () => copyFiles(from, copy, names))
      const mark = await markFile(from).read()
      const known = mark === 'bad' ? undefined : mark
      const made = await putTogether(copy, partial, known, { harder, all: Math.ceil(bytes / 100), progress })
      return { directory: target, ...made, problems: await check(partial) }
    })
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

type Made = Omit<Repaired, 'directory' | 'problems'>

async function putTogether(
  copy: string,
  partial: string,
  mark: Mark | undefined,
  options: Parameters<typeof salvage>[2],
): Promise<Made> {
  const db = await levelDatabase(partial).open({ createIfMissing: true })
  try {
    const salvaged = await salvage(copy, db, options)
    if (salvaged.sound === 0) {
      throw new TidingsError('TIDINGS_LOG_DAMAGED', 'no record in the log can be read', { details: { seq: 1 } })
    }
    const rebuilt = await rebuild(db, await metaOf(db, mark), mark?.seq ?? 0)
    return inWords(salvaged, rebuilt)
  } finally {
    await db.close()
  }
}

function inWords({ spoilt, whole }: Salvaged, { withoutCursor, ...rebuilt }: Rebuilt): Made {
  const counts = [...spoilt].filter(([, { size }]) => size > 0)
  const cursors = [...(spoilt.get(KIND.cursor) ?? [])].map((key) => textsOf(key)[0] ?? '')
  return {
    ...rebuilt,
    whole,
    spoilt: Object.fromEntries(counts.map(([kind, { size }]) => [kindNames[kind] ?? kind, size])),
    listeners: [...new Set([...cursors, ...withoutCursor])],
  }
}

// Restores a lost meta record: MARK has the id, and the keys of identities show their rule.
async function metaOf(db: Database, mark: Mark | undefined): Promise<Meta> {
  const meta = decode<Meta>(keys.meta, await db.get(keys.meta))
  if (meta !== undefined) return meta
  const [identity] = await db.keys({ ...startingWith(KIND.identity), limit: 1 }).all()
  const [event] = await db.iterator({ ...startingWith(KIND.event), limit: 1 }).all()
  return {
    format: FORMAT,
    id: mark?.id ?? randomUUID(),
    identity: identity !== undefined && textsOf(identity).length === 1 ? 'identifier' : 'type',
    created: event === undefined ? 0 : decodeEvent(seqOf(event[0]), event[1]).event.created,
  }
}

async function copyFiles(from: string, to: string, names: readonly string[]): Promise<number> {
  await makeDirectory(to)
  let bytes = 0
  for (const name of names) bytes += await copyFileTo(join(from, name), join(to, name))
  // Files in KEPT, from a process that died while it opened the log, unless they are still in the log's folder.
  for (const path of keptBefore(from)) {
    const name = basename(path)
    if (!/^\d+\.(ldb|sst|log)$/.test(name)) continue
    const there = await stat(join(from, name)).catch(() => undefined)
    if (there?.ino === (await stat(path)).ino) continue
    bytes += await copyFileTo(path, join(to, there === undefined ? name : `9${name}`))
  }
  return bytes
}

async function copyFileTo(from: string, to: string): Promise<number> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  return (await stat(to)).size
}

async function check(partial: string): Promise<readonly Problem[]> {
  const log = await openLog(partial, { warn: () => undefined })
  try {
    return (await log.verify()).problems
  } finally {
    await log.close()
  }
}

// An open would change the log. LevelDB's lock belongs to the file, so it can be tried through a link in another folder.
async function refuseInUse(directory: string): Promise<void> {
  await refuseLocked(directory)
  if (!(await namesIn(directory)).includes('LOCK')) return
  const folder = await mkdtemp(join(tmpdir(), 'tidings-lock-'))
  try {
    await symlink(join(directory, 'LOCK'), join(folder, 'LOCK'))
    await (await levelDatabase(folder).open({ createIfMissing: true })).close()
  } catch (error) {
    // No process can write to a read-only disk.
    if (asError(error).message.includes('Read-only file system')) return
    if (!hasCode(error, 'TIDINGS_LOG_LOCKED')) throw error
    throw new TidingsError('TIDINGS_LOG_LOCKED', `the log in ${directory} is in use by another process`, {
      cause: error,
      details: { directory },
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function invalid(message: string, directory: string): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', message, { details: { directory } })
}
