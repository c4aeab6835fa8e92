import { createHash } from 'node:crypto'
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { Mutex, stateOf, systemClock, thisProcess } from '../../lib/streams.ts'

/*
 * A lock between the writers of one file, in this process and in others. It is Lamport's bakery algorithm, with a file
 * for each customer:
 *
 *   enter       create  choosing-<owner>
 *   number      create  claim-<1 + the highest number>-<owner>
 *   leave       delete  choosing-<owner>
 *   wait until  there was a moment without any `choosing`, and after it no claim comes before ours
 *   unlock      delete  our claim
 *
 * Invariants: no name is used twice, so a file can be deleted by anyone once its owner is dead, and never by mistake; a
 * claim exists before its `choosing` is gone, so a listing that starts later shows the claim. The names carry the owner:
 * a file is complete as soon as it exists.
 */

/** How often a waiting process looks, in ms. Other processes send no signal. */
const LOOK = 5

/** An owner that can't be checked (another machine, another thread) holds the lock at most this long, in ms. */
const LONGEST_HOLD = 60_000

const mutexes = new Map<string, { readonly mutex: Mutex; users: number }>()

/**
 * Runs `act` while no other caller with this folder runs, in this process or another. What a killed process leaves behind
 * does not block.
 *
 * @param folder holds the files of the lock; it is made if it is missing
 * @param signal ends the wait: rejects with its reason
 */
export async function withFileLock<T>(folder: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  const shared = mutexes.get(folder) ?? { mutex: new Mutex(), users: 0 }
  mutexes.set(folder, shared)
  shared.users += 1
  try {
    return await shared.mutex.runExclusive(async () => {
      signal.throwIfAborted()
      await mkdir(folder, { recursive: true })
      const claim = await takeNumber(folder)
      try {
        await waitForTurn(folder, claim, signal)
        return await act()
      } finally {
        await rm(join(folder, claim.name), { force: true })
      }
    })
  } finally {
    shared.users -= 1
    if (shared.users === 0) mutexes.delete(folder)
  }
}

interface Claim {
  readonly name: string
  /** Undefined while its owner chooses. */
  readonly number: number | undefined
  readonly owner: string
}

async function takeNumber(folder: string): Promise<Claim> {
  const [owner, choosing] = await create(folder, (owner) => `choosing-${owner}`)
  try {
    const numbers = (await claimsIn(folder)).map(({ number = 0 }) => number)
    const number = 1 + Math.max(0, ...numbers)
    const name = `claim-${number}-${owner}`
    await createFile(join(folder, name))
    return { name, number, owner }
  } finally {
    await rm(join(folder, choosing), { force: true })
  }
}

let used = 0

/** Creates a file with a name that is this owner's alone: another copy of this module may count, too. */
async function create(folder: string, nameOf: (owner: string) => string): Promise<readonly [string, string]> {
  for (;;) {
    const { pid, start = '' } = thisProcess()
    const owner = [place(), pid, start, threadId, (used += 1)].join('.')
    const name = nameOf(owner)
    try {
      await createFile(join(folder, name))
      return [owner, name]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

async function createFile(path: string): Promise<void> {
  await (await open(path, 'wx', 0o600)).close()
}

/** Where the pids of this process are valid. */
function place(): string {
  const { host, space = '' } = thisProcess()
  return createHash('sha256').update(`${host} ${space}`).digest('hex').slice(0, 12)
}

async function claimsIn(folder: string): Promise<Claim[]> {
  return (await readdir(folder)).flatMap((name) => {
    const [, number, owner] = /^(?:choosing|claim-(\d+))-([\da-f]{12}\.\d+\.\d*\.\d+\.\d+)$/.exec(name) ?? []
    return owner === undefined ? [] : [{ name, owner, number: number === undefined ? undefined : Number(number) }]
  })
}

async function waitForTurn(folder: string, mine: Claim, signal: AbortSignal): Promise<void> {
  const others = async (holds: (claim: Claim) => boolean): Promise<boolean> => {
    const rivals = (await claimsIn(folder)).filter((claim) => claim.owner !== mine.owner && holds(claim))
    const alive = await Promise.all(rivals.map((claim) => isAlive(folder, claim, mine)))
    return alive.includes(true)
  }
  // Two listings: the claim of a process that ceased to choose during the first may only be in the second.
  while (await others(({ number }) => number === undefined)) await pause(signal)
  while (await others((claim) => comesBefore(claim, mine))) await pause(signal)
}

function comesBefore(one: Claim, other: Claim): boolean {
  const { number: a = Number.POSITIVE_INFINITY } = one
  const { number: b = Number.POSITIVE_INFINITY } = other
  return a < b || (a === b && a !== Number.POSITIVE_INFINITY && one.owner < other.owner)
}

/** Whether the owner of a claim may still be at work. Deletes the claim if not. */
async function isAlive(folder: string, claim: Claim, mine: Claim): Promise<boolean> {
  const [where, pid = '', start = ''] = claim.owner.split('.')
  const here = thisProcess()
  const owner = { ...here, pid: Number(pid), ...(start === '' ? {} : { start }) }
  const state = where === place() ? stateOf(owner) : 'unknown'
  if (state === 'alive' || (state === 'unknown' && (await ageOf(folder, claim, mine)) < LONGEST_HOLD)) return true
  await rm(join(folder, claim.name), { force: true })
  return false
}

/** How much older a claim is than ours, in ms, by the clock of the file system. */
async function ageOf(folder: string, claim: Claim, mine: Claim): Promise<number> {
  try {
    const [theirs, ours] = await Promise.all([claim, mine].map(({ name }) => stat(join(folder, name))))
    return (ours?.mtimeMs ?? 0) - (theirs?.mtimeMs ?? 0)
  } catch {
    // One of the two is gone: the next look tells.
    return 0
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = systemClock.timer(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    }, LOOK)
    const abort = (): void => {
      stop()
      reject(signal.reason as Error)
    }
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
}
