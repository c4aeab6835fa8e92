import { accessSync, rmSync } from 'node:fs'
import { open, readdir, readFile, realpath, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { background, realPause, systemClock } from '../../core/clock.ts'
import { TidingsError } from '../../core/errors.ts'
import { SECOND } from '../../core/time-units.ts'
import { type Owner, stateOf, thisProcess } from './owner.ts'

// A registered symbol: another copy of this package in this process has its own LevelDB, which does not know of ours.
const STORES = Symbol.for('tidings.open-stores')

/** The lock files of all stores that this thread has open, by their real paths. */
const shared = globalThis as { [STORES]?: Set<string> }
const locked = (shared[STORES] ??= new Set())

/** An owner file: `OWNER-<time>-<random>`. Earlier ones sort first. */
const OWNER_FILE = /^OWNER-[0-9a-z]+-[0-9a-f]+$/

/** The holder of a lock touches its owner file this often, in ms. */
const HEARTBEAT = SECOND

/** How often a process that wants the lock looks at the owner files of others, in ms. Other processes send no signal. */
const LOOK = 50

/** After this many looks (5 s) without a heartbeat, a process that can't be checked no longer holds the lock. */
const SILENT_LOOKS = 100

/** Of several processes that want the lock, the first waits this many looks (1 s) for the others to give way. */
const YIELDING_LOOKS = 20

/** The lock of a store, held by this thread. */
export interface StoreLock {
  /**
   * Throws if the lock is lost: the owner file was deleted, or the folder moved. Costs 2 µs.
   *
   * @throws TidingsError `TIDINGS_LOG_FAILED`
   */
  check(): void
  /** Called once, soon after the owner file was deleted. */
  onLost: (error: TidingsError) => void
  /** LevelDB's own lock is held too: deletes the owner files of silent processes that can't be checked. */
  confirm(): void
  /** Gives the lock back. */
  release(): void
}

/**
 * Locks a store for this thread. LevelDB's own lock (`LOCK`) is not enough: it belongs to the process, so it is lost when
 * any part of that process opens and closes the file (a copy of the folder, a second `openLog` in a worker thread), or
 * when the file is deleted. Decision 0043.
 *
 * So each process that wants a store writes an owner file beside it, with a unique name and its identity inside, and then
 * looks at the owner files of others. Of two processes that come at the same time, at least one sees the other, so at most
 * one finds itself alone. A process deletes its own file, and those of dead owners; because no name is used twice, it
 * can't delete a newer file by mistake.
 *
 * `stateOf` decides whether an owner is dead. Where that can't be known, an owner is alive while it touches its file.
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED`
 */
export async function lockStore(directory: string): Promise<StoreLock> {
  const real = await realpath(directory)
  const path = join(real, 'LOCK')
  // LOCK alone may be a link to that of another folder.
  const lock = await realpath(path).catch(() => path)
  if (locked.has(lock)) throw inUse(directory, 'is open in this process already')
  locked.add(lock)
  try {
    const claim = await makeClaim(real)
    try {
      return heldLock(real, claim, await waitForTurn(real, claim, directory), () => locked.delete(lock))
    } catch (error) {
      await rm(join(real, claim), { force: true })
      throw error
    }
  } catch (error) {
    locked.delete(lock)
    throw error
  }
}

/** Whether a file of this name is an owner file. */
export function isOwnerFile(name: string): boolean {
  return OWNER_FILE.test(name)
}

function heldLock(directory: string, claim: string, silent: readonly string[], free: () => void): StoreLock {
  const path = join(directory, claim)
  const stop = background(() => {
    const now = systemClock.now() / 1000
    utimes(path, now, now).catch((error: unknown) => {
      if (isMissing(error)) lose()
    })
  }, HEARTBEAT)
  const lose = (): void => {
    stop()
    lock.onLost(lostLock(path))
  }
  const lock: StoreLock = {
    check() {
      if (!isThere(path)) throw lostLock(path)
    },
    onLost: () => undefined,
    confirm() {
      for (const name of silent) remove(join(directory, name))
    },
    release() {
      stop()
      remove(path)
      free()
    },
  }
  return lock
}

/** The contents of an owner file. They are void in a copy of the folder, which has another path and other inodes. */
interface Claim extends Owner {
  readonly path: string
  readonly inode: string
}

async function makeClaim(directory: string): Promise<string> {
  const name = `OWNER-${systemClock.now().toString(36).padStart(9, '0')}-${crypto.randomUUID().slice(0, 8)}`
  const path = join(directory, name)
  const file = await open(path, 'wx', 0o600)
  try {
    const { ino, uid } = await file.stat({ bigint: true })
    await checkOwner(directory, uid)
    const claim: Claim = { ...thisProcess(), path: directory, inode: String(ino) }
    await file.writeFile(`${JSON.stringify(claim)}\n`)
    return name
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/**
 * Refuses a folder of another user: root would take the log away from its user, and a hostile user could make root write
 * elsewhere, through links. Decision 0044.
 */
async function checkOwner(directory: string, uid: bigint): Promise<void> {
  const { uid: owner } = await stat(directory, { bigint: true })
  if (owner === uid) return
  const words = `${directory} belongs to user ${owner}, and this process runs as user ${uid}: run it as the owner of the folder`
  throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { directory, owner: Number(owner) } })
}

/**
 * Refuses a store that another process holds, without changing anything in it.
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED`
 */
export async function refuseLocked(directory: string): Promise<void> {
  await waitForTurn(await realpath(directory), undefined, directory)
}

/**
 * Waits until this process is the only one with a live claim to the store. Resolves to the owner files of silent processes
 * that can't be checked. Without an own file (`mine`), changes nothing.
 */
async function waitForTurn(directory: string, mine: string | undefined, given: string): Promise<readonly string[]> {
  const watch = new RivalWatch(directory)
  for (let look = 0; ; look++) {
    const names = (await readdir(directory)).filter(isOwnerFile)
    if (mine !== undefined && !names.includes(mine))
      throw inUse(given, 'is in use: the owner file of this process was deleted while it waited')
    const rivals = await Promise.all(names.filter((name) => name !== mine).map((name) => watch.look(name)))
    const alive = rivals.filter(({ state }) => state === 'alive')
    const [first] = alive
    if (first !== undefined && (mine === undefined || look > YIELDING_LOOKS || alive.some(({ name }) => name < mine)))
      throw inUse(given, `is in use by ${nameOf(first.owner)}`)
    if (first === undefined && !rivals.some(({ state }) => state === 'unknown')) {
      if (mine !== undefined) for (const { name, state } of rivals) if (state === 'dead') remove(join(directory, name))
      return rivals.flatMap(({ name, state }) => (state === 'silent' ? [name] : []))
    }
    const now = systemClock.now() / 1000
    if (mine !== undefined) await utimes(join(directory, mine), now, now).catch(() => undefined)
    await realPause(LOOK)
  }
}

interface Rival {
  readonly name: string
  readonly owner: Owner | undefined
  readonly state: 'alive' | 'dead' | 'unknown' | 'silent'
}

/** Looks at the owner files of others, again and again. */
class RivalWatch {
  readonly #directory: string
  readonly #seen = new Map<string, { changed: string; looks: number }>()

  constructor(directory: string) {
    this.#directory = directory
  }

  async look(name: string): Promise<Rival> {
    const path = join(this.#directory, name)
    const found = await readClaim(path)
    if (found === undefined) return { name, owner: undefined, state: 'dead' }
    const { claim, inode, changed } = found
    const isCopy = claim !== undefined && claim.inode !== inode && claim.path !== this.#directory
    const state = claim === undefined ? 'unknown' : isCopy ? 'dead' : stateOf(claim)
    return { name, owner: claim, state: state === 'unknown' ? this.#touched(name, changed) : state }
  }

  #touched(name: string, changed: string): 'alive' | 'unknown' | 'silent' {
    const seen = this.#seen.get(name)
    if (seen === undefined) this.#seen.set(name, { changed, looks: 0 })
    else if (seen.changed !== changed) return 'alive'
    else if ((seen.looks += 1) >= SILENT_LOOKS) return 'silent'
    return 'unknown'
  }
}

/** Reads an owner file; undefined when it is gone. A file that was just made, or is another user's, has no claim. */
async function readClaim(
  path: string,
): Promise<{ claim: Claim | undefined; inode: string; changed: string } | undefined> {
  try {
    const text = await readFile(path, 'utf8').catch(() => '')
    const { ino, ctimeNs } = await stat(path, { bigint: true })
    return { claim: parse(text), inode: String(ino), changed: String(ctimeNs) }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function parse(text: string): Claim | undefined {
  try {
    const claim = JSON.parse(text) as Claim
    return Number.isSafeInteger(claim.pid) && claim.pid > 0 ? claim : undefined
  } catch {
    return undefined
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function isThere(path: string): boolean {
  try {
    // Asked twice for each commit: unlike `statSync`, it makes no object.
    accessSync(path)
    return true
  } catch (error) {
    // A disk that does not answer does not prove that the file is gone.
    return !isMissing(error)
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The next process that wants the lock finds it dead.
  }
}

function nameOf(owner: Owner | undefined): string {
  const { pid, host, start, space } = thisProcess()
  if (owner === undefined) return 'another process'
  if (owner.host !== host) return `another process (pid ${owner.pid} on ${owner.host})`
  const isOurs = owner.pid === pid && owner.start === start && owner.space === space
  return isOurs ? 'another thread of this process' : `another process (pid ${owner.pid})`
}

function inUse(directory: string, words: string): TidingsError {
  return new TidingsError('TIDINGS_LOG_LOCKED', `the log in ${directory} ${words}`, { details: { directory } })
}

function lostLock(path: string): TidingsError {
  const words = `the lock on the log is lost: ${path} was deleted, or its folder moved. Another process may write to the log, so this one stops`
  return new TidingsError('TIDINGS_LOG_FAILED', words, { details: { path } })
}
