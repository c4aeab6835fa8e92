// Examines damaged copies of a log, one after another, and reports on each. LevelDB may end the process.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { TidingsError } from '../../../lib/core/errors.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { askAgain, askEverything, openFiltered } from '../damage-story.ts'
import { note, orders } from './orders.ts'

const { seed = 0, rounds = 0, life } = orders

/** The files to damage, in turn: LevelDB's log and tables more often, since they hold everything. */
const files = ['.log', '.ldb', 'MANIFEST', '.log', '.ldb', 'CURRENT', '.log', '.ldb', 'MARK', 'FILTER', 'LOCK', 'LOG']

const part = fc.nat(1_000_000).map((n) => n / 1_000_001)
const harms = fc.record({
  what: fc.oneof(
    { weight: 6, arbitrary: fc.constant('flipped' as const) },
    { weight: 2, arbitrary: fc.constant('cut' as const) },
    { weight: 1, arbitrary: fc.constant('deleted' as const) },
  ),
  which: part,
  at: part,
  bit: fc.nat(7),
})

/** Damages one file of a folder; returns what was done. */
function harm(directory: string, round: number): string[] {
  const kind = files[round % files.length] as string
  const [{ what, which, at, bit }] = fc.sample(fc.noBias(harms), { seed: seed + round, numRuns: 1 }) as [
    typeof harms extends fc.Arbitrary<infer T> ? T : never,
  ]
  // LOG is LevelDB's own text log, and LOG.old the previous one.
  const names = readdirSync(directory).filter((name) =>
    kind.startsWith('.') ? name.endsWith(kind) : name.startsWith(kind),
  )
  const name = names[Math.floor(which * names.length)] as string
  const path = join(directory, name)
  const bytes = readFileSync(path)
  const place = Math.floor(at * bytes.length)
  if (what === 'deleted') rmSync(path)
  else if (what === 'cut') truncateSync(path, place)
  else if (bytes.length > 0) {
    bytes[place] = (bytes[place] as number) ^ (1 << bit)
    writeFileSync(path, bytes)
  }
  return [kind, `${name} ${what} at ${place} of ${bytes.length}, bit ${bit}`]
}

async function look(directory: string, said: Record<string, string>): Promise<string[]> {
  let log: LevelLog | undefined
  try {
    log = await openFiltered(directory)
    return await ask(log, said)
  } catch (error) {
    return isRefusal(error) ? ['refused', error.message] : ['odd', String((error as Error).stack)]
  } finally {
    // A log that could not be read may refuse writes too.
    await log?.close().catch((error: unknown) => assert(isRefusal(error), String(error)))
  }
}

async function ask(log: LevelLog, said: Record<string, string>): Promise<string[]> {
  const now = await askEverything(log)
  const { problems } = await log.verify()
  const differs = Object.keys(said).filter((what) => what !== 'again' && said[what] !== now[what])
  if ((await askAgain(log)) !== said['again']) differs.push('publishing again')
  if (problems.length > 0) return ['flagged', problems[0]?.message ?? '', ...differs]
  return differs.length === 0 ? ['identical'] : ['silent', ...differs]
}

function isRefusal(error: unknown): error is TidingsError {
  return error instanceof TidingsError && error.code === 'TIDINGS_LOG_DAMAGED'
}

const { directory } = orders
const said = JSON.parse(readFileSync(`${directory}.json`, 'utf8')) as Record<string, string>
process.stdout.write('open\n')
for (let round = life; round < rounds; round++) {
  const copy = `${directory}-copy`
  await cp(directory, copy, { recursive: true })
  note('begins', round, ...harm(copy, round))
  note('ends', round, JSON.stringify(await look(copy, said)))
  rmSync(copy, { recursive: true })
}
