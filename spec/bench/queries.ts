import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { all, at, between, eq } from '../../lib/filters.ts'
import { type LevelLog, openLog, type Query } from '../../lib/index.ts'
import { draft, perSecond } from './workload.ts'

/** How many events each query finds. */
const FOUND = 100

/** One accept of 100 events every second. */
const TOGETHER = 100
const BEGIN = 1_700_000_000_000
const EVERY = 1000

const QUERIES = 50

/** Asks for 100 events, in a log with this many: by type, by time, and by both in a filter. */
export const byType = (stored: number): Promise<number> => rate(stored, (i) => ({ types: [rare(i)] }))

export const byTime = (stored: number): Promise<number> =>
  rate(stored, (i) => ({ since: second(i, stored), until: second(i, stored) }))

export const byFilter = (stored: number): Promise<number> =>
  rate(stored, (i) => {
    const when = second(i, stored)
    return { where: all<unknown>(isType('pr.opened'), isOf(when - EVERY + 1, when + EVERY - 1)) }
  })

const isType = (type: string) => at<unknown, string>('type', eq(type))
const isOf = (from: number, to: number) => at<unknown, string>('created', between(from, to))

/** The types that a hundred events each have, spread over the log; all others are of one type. */
const RARE = 4
const rare = (i: number): string => `rare.${i % RARE}`

/** The time of some accept, spread over the log, and the same each time. */
const second = (i: number, stored: number): number => BEGIN + ((i * 7919 + 13) % (stored / TOGETHER)) * EVERY

async function rate(stored: number, query: (i: number) => Query): Promise<number> {
  const log = await openLog(await directoryWith(stored))
  try {
    return await perSecond(QUERIES, async () => {
      for (let i = 0; i < QUERIES; i++) {
        let found = 0
        for await (const _ of log.events(query(i))) found += 1
        // An accept may hold events of the rare types too.
        if (found > FOUND || found < FOUND - RARE) throw new Error(`${found} events instead of ${FOUND}`)
      }
    })
  } finally {
    await log.close()
  }
}

const directories = new Map<number, Promise<string>>()

/** The directory of a log with this many events. It is built once, and removed when the process ends. */
function directoryWith(stored: number): Promise<string> {
  const known = directories.get(stored) ?? build(stored)
  directories.set(stored, known)
  return known
}

async function build(stored: number): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'tidings-bench-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const log = await openLog(directory)
  const waiting = new Set<Promise<unknown>>()
  for (let n = 0; n < stored; n += TOGETHER) {
    const accepted = accept(log, n, stored).finally(() => waiting.delete(accepted))
    waiting.add(accepted)
    if (waiting.size >= 16) await Promise.race(waiting)
  }
  await Promise.all(waiting)
  await log.close()
  return directory
}

function accept(log: LevelLog, first: number, stored: number): Promise<unknown> {
  const apart = stored / FOUND
  const drafts = Array.from({ length: TOGETHER }, (_, i) => {
    const n = first + i
    return n % apart < RARE ? { ...draft(n), type: rare(n % apart) } : draft(n)
  })
  return log.accept(drafts, { recorded: { created: BEGIN + (first / TOGETHER) * EVERY } })
}
