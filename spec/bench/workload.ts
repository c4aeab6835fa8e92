import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClassicLevel } from 'classic-level'
import type { Draft, Log } from '../../lib/index.ts'

/** How many types `fill` writes: `type.0` and so on. */
export const TYPES = 50

/** Of what `fill` writes, every so many events one has effects. */
export const CAUSING = 1000

/** Events of about 260 bytes as JSON, such as an opened pull request. */
export function draft(n: number): Draft {
  return {
    type: 'pr.opened',
    identifier: `tidings/tidings#${n}`,
    data: {
      title: `Make the thing that was slow a little faster, part ${n}`,
      author: 'somebody',
      labels: ['enhancement', 'performance'],
      url: `https://git.example/tidings/tidings/pull/${n}`,
      stars: n % 100,
      draft: false,
    },
  }
}

/** The three records of an event in the store, without any check. */
export function rawRecords(n: number): readonly (readonly [string, string])[] {
  const { type, identifier, data } = draft(n)
  const seq = n.toString(16).padStart(12, '0')
  return [
    [`e${seq}`, JSON.stringify([type, identifier, 1_700_000_000_000, data])],
    [`i${type}\0${identifier}\0`, `[${n}]`],
    [`t${type}\0${seq}`, ''],
  ]
}

/** The same store with the same options, without the engine. */
export async function rawStore(directory: string): Promise<ClassicLevel> {
  // On demand: a process that measures another system does not load it.
  const { ClassicLevel } = await import('classic-level')
  const db = new ClassicLevel(directory, { cacheSize: 8 << 20, writeBufferSize: 16 << 20 })
  await db.open()
  return db
}

/** Writes events the fastest way that LevelDB has: chained batches, synced. */
export async function rawWrite(db: ClassicLevel, from: number, to: number, batchSize: number): Promise<void> {
  for (let n = from; n < to; n += batchSize) {
    const batch = db.batch()
    for (let k = n; k < Math.min(n + batchSize, to); k++)
      for (const [key, value] of rawRecords(k)) batch.put(key, value)
    await batch.write({ sync: true })
  }
}

/** Publishes the drafts from one number to another, with a given size and number of concurrent accepts. */
export async function publish(
  log: { accept(drafts: readonly Draft[]): Promise<unknown> },
  { from, to, inFlight, perAccept }: { from: number; to: number; inFlight: number; perAccept: number },
): Promise<void> {
  let next = from
  const publisher = async (): Promise<void> => {
    while (next < to) {
      const first = next
      next = Math.min(to, first + perAccept)
      await log.accept(Array.from({ length: next - first }, (_, i) => draft(first + i)))
    }
  }
  await Promise.all(Array.from({ length: inFlight }, publisher))
}

/** Calls `work` with a fresh directory, which is removed afterwards. */
export async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-bench-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The rate a second at which `work` does `count` of them. */
export async function perSecond(count: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (count / (performance.now() - began)) * 1000
}

/** Fills a log with so many events of 50 types. One in a thousand is the cause of the hundred that follow it. */
export async function fill(log: Log, events: number): Promise<void> {
  const waiting = new Set<Promise<unknown>>()
  for (let n = 0; n < events; n += 100) {
    const drafts = Array.from({ length: 100 }, (_, i) => ({ ...draft(n + i), type: `type.${(n + i) % TYPES}` }))
    const isCaused = n > 0 && n % CAUSING === 0
    const accepted = log.accept(drafts, isCaused ? { cause: n } : {}).finally(() => waiting.delete(accepted))
    waiting.add(accepted)
    if (waiting.size >= 16) await Promise.race(waiting)
  }
  await Promise.all(waiting)
}
