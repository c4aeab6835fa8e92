// Grows one log and measures it meanwhile: `--to N` events (default 10 000 000; takes minutes and gigabytes), `--write` to
// docs/performance.md and its picture, `--json`.
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { type LevelLog, openLog } from '../../lib/index.ts'
import { compile } from '../support/compile.ts'
import { writePage } from './page.ts'
import type { Point } from './results.ts'
import { draft, inDirectory, perSecond, publish, rawStore } from './workload.ts'

const { values } = parseArgs({
  options: {
    to: { type: 'string', default: '10000000' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const most = Number(values.to)
const steps = [1e3, 1e4, 1e5, 1e6, 1e7].filter((stored) => stored <= most)

/** Number of duplicates that are published at each step. */
const ASKED = 100_000

/** Minimum number of new events that are timed at each step, so that small logs are not timed with a handful. */
const TIMED = 50_000

const program = join(import.meta.dirname, 'idle.ts')
const compiled = await compile([program])
const idle = compiled.of(program)
const points = await inDirectory(grow)
compiled.remove()
if (values.json) console.log(JSON.stringify(points, null, 2))
else console.table(points)
if (values.write) writePage({ growth: points })

async function grow(directory: string): Promise<Point[]> {
  const found: Point[] = []
  let stored = 0
  for (const step of steps) {
    process.stderr.write(`${step} events …\n`)
    let log = await openLog(directory)
    const timed = Math.min(TIMED, step - stored)
    await publish(log, { from: stored, to: step - timed, inFlight: 16, perAccept: 100 })
    const accepted = await perSecond(timed, () =>
      publish(log, { from: step - timed, to: step, inFlight: 16, perAccept: 100 }),
    )
    stored = step
    await log.compact()
    const disk = await bytesIn(directory)
    await log.close()
    log = await openLog(directory)
    const duplicates = await perSecond(ASKED, () => askAgain(log, stored))
    await log.close()
    const lookUps = await rawLookUps(directory, stored)
    const idle = await reopen(directory, stored)
    // The child left one new event.
    stored += 1
    found.push({ stored: step, accepted, duplicates, lookUps, disk, ...idle })
  }
  return found
}

/** Spread over the whole log, and the same each time. */
function anywhere(i: number, stored: number): number {
  return (i * 7_919_993) % stored
}

async function askAgain(log: LevelLog, stored: number): Promise<void> {
  for (let i = 0; i < ASKED; i += 100) {
    const receipts = await log.accept(Array.from({ length: 100 }, (_, k) => draft(anywhere(i + k, stored))))
    if (receipts.some(({ status }) => status !== 'duplicate')) throw new Error('an event was forgotten')
  }
}

async function rawLookUps(directory: string, stored: number): Promise<number> {
  const db = await rawStore(directory)
  const rate = await perSecond(ASKED, async () => {
    for (let i = 0; i < ASKED; i++) {
      const { type, identifier } = draft(anywhere(i, stored))
      if (db.getSync(`i${type}\0${identifier}\0`) === undefined) throw new Error('a key is missing')
    }
  })
  await db.close()
  return rate
}

// In a process of its own, without other memory.
async function reopen(directory: string, next: number): Promise<Pick<Point, 'reopened' | 'memory'>> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', idle, directory, String(next)])
  return JSON.parse(stdout) as Pick<Point, 'reopened' | 'memory'>
}

async function bytesIn(directory: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(directory)) bytes += statSync(join(directory, name)).size
  return bytes
}
