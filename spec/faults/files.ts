import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { TidingsError } from '../../lib/core/errors.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { draft, list } from '../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { openFiltered } from './damage-story.ts'

/** The files that LevelDB deletes, and those that record which files should exist. */
const STORE = /^(\d+\.(ldb|log)|CURRENT|MANIFEST-\d+|MARK|FILTER)$/

const body = (bytes = 60): string => randomBytes(bytes).toString('base64')

/** One life of a log: events, a retry, a parked event, state, a claim. It ends with everything in a table. */
async function live(directory: string, life: number, size: number): Promise<void> {
  const log = await openFiltered(directory)
  const consumer = await log.consumer('c', { start: 'start' })
  await log.accept(Array.from({ length: size }, (_, n) => draft(`${life}/${n}`, body())))
  for (const [n, handed] of (await consumer.pull(size, new AbortController().signal)).entries()) {
    if (n === 1) consumer.retry(handed, { at: 1e15, error: body() })
    else if (n === 2) consumer.park(handed, { error: body() })
    else consumer.ack(handed, [{ namespace: 'n', key: `${life}`, value: body() }])
  }
  await consumer.flush()
  await (await log.claim('j', new Date(1000 * life), 1000))?.done('done')
  if (life % 2 === 1) await log.compact()
  await log.accept([draft(`last of ${life}`, body())])
  // A new identity makes the log load the filter.
  await new Promise((resolve) => setTimeout(resolve, 20))
  await log.close()
}

/** A log with this many lives, and a copy of it after each life. */
async function generations(t: TestContext, lives: number, size: number): Promise<readonly string[]> {
  const root = temporaryDirectory(t)
  const copies: string[] = []
  for (let life = 1; life <= lives; life++) {
    await live(join(root, 'log'), life, size)
    copies.push(join(root, `${life}`))
    cpSync(join(root, 'log'), join(root, `${life}`), { recursive: true })
  }
  return copies
}

/** The answers of a log to every query, as text. */
async function ask(log: LevelLog, identities: readonly string[]): Promise<string> {
  const consumer = await log.consumer('c', { start: 'now' })
  return JSON.stringify([
    await log.last(),
    await list(log.events()),
    consumer.origin,
    (await list(consumer.retrying())).map(({ event }) => event.seq),
    (await list(consumer.parked())).map(({ event }) => event.seq),
    await consumer.lag(),
    await list(log.store('n').list()),
    await list(log.runs('j')),
    await log.accept(identities.map((identifier) => draft(identifier, null))),
  ])
}

function storeFiles(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => STORE.test(name))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), 'latin1')]))
}

/** How the log reacted to a damaged copy. */
type Outcome = 'refused' | 'identical' | 'told'

/** A sound log with copies of its past, and its answers while nothing is damaged. */
interface Subject {
  readonly whole: string
  readonly past: readonly string[]
  /**
   * Damages a copy of `from` (default: the sound log) and opens it. If it is refused, every file must be as it was after
   * the damage. Otherwise it must answer as the sound log does, or report the damage.
   */
  damaged(what: string, harm: (copy: string) => void, from?: string): Promise<Outcome>
  readonly outcomes: Map<Outcome, number>
}

async function subject(t: TestContext, lives: number, size: number): Promise<Subject> {
  const copies = await generations(t, lives, size)
  const whole = copies.at(-1) as string
  const identities = Array.from({ length: lives }, (_, i) => [
    `${i + 1}/0`,
    `${i + 1}/${size - 1}`,
    `last of ${i + 1}`,
  ]).flat()
  const copy = `${whole}-copy`
  const fresh = (from: string): void => {
    rmSync(copy, { recursive: true, force: true })
    cpSync(from, copy, { recursive: true })
  }
  fresh(whole)
  const log = await openLog(copy)
  assert.deepEqual(await log.verify(), { ok: true, problems: [] })
  const truth = await ask(log, identities)
  await log.close()
  const outcomes = new Map<Outcome, number>()
  return {
    whole,
    past: copies.slice(0, -1),
    outcomes,
    async damaged(what, harm, from = whole) {
      fresh(from)
      harm(copy)
      const before = storeFiles(copy)
      const told: string[] = []
      const outcome = await meet().catch((error: unknown) => {
        assert(error instanceof TidingsError, `${what}: ${String((error as Error).stack)}`)
        assert(/^TIDINGS_LOG_(DAMAGED|INVALID)$/.test(error.code), `${what}: ${error.code}: ${error.message}`)
        assert.deepEqual(storeFiles(copy), before, `${what}: refused, and its files are others than they were`)
        return 'refused' as const
      })
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      return outcome

      async function meet(): Promise<Outcome> {
        const opened = await openLog(copy, { warn: (message) => told.push(message) })
        try {
          const { problems } = await opened.verify()
          const said = await ask(opened, identities)
          if (said === truth) return 'identical'
          assert(
            told.length + problems.length > 0,
            `${what}: opened as another log, without a word: ${said.slice(0, 300)}`,
          )
          return 'told'
        } finally {
          await opened.close()
        }
      }
    },
  }
}

/** How many cases: a flip every so many bytes, and its bits; a cut every so many bytes; random flips of a larger log. */
export interface Amount {
  readonly random: number
  readonly bytes: number
  readonly bits: readonly number[]
  readonly cuts: number
}

export function filesSuite({ bytes, bits, cuts, random }: Amount): void {
  describe('the files of a log', () => {
    it(`with any flipped bit: the log never answers differently in silence`, async (t) => {
      const { whole, damaged, outcomes } = await subject(t, 3, 5)
      let nth = 0
      for (const [name, content] of Object.entries(storeFiles(whole))) {
        // FILTER is large, and one checksum covers all of it.
        const length = name === 'FILTER' ? Math.min(content.length, 300) : content.length
        for (let at = nth % bytes; at < length; at += bytes) {
          for (const bit of bits)
            await damaged(`${name}: bit ${(at + bit) % 8} of byte ${at}`, flip(name, at, (at + bit) % 8))
          nth += 1
        }
      }
      t.diagnostic(inWords(outcomes))
    })

    it(`of a larger log with any flipped bit, ${random} times`, async (t) => {
      const { whole, damaged, outcomes } = await subject(t, 3, 700)
      const files = Object.entries(storeFiles(whole)).filter(([, { length }]) => length > 0)
      const seed = randomBytes(4).readUInt32LE()
      const part = fc.nat(1_000_000).map((n) => n / 1_000_001)
      const flips = fc.sample(fc.noBias(fc.tuple(part, part, fc.nat(7))), { seed, numRuns: random })
      for (const [which, where, bit] of flips) {
        const [name, content] = files[Math.floor(which * files.length)] as [string, string]
        const at = Math.floor(where * (name === 'FILTER' ? 300 : content.length))
        await damaged(`seed ${seed}, ${name}: bit ${bit} of byte ${at}`, flip(name, at, bit))
      }
      t.diagnostic(`${inWords(outcomes)} (seed ${seed})`)
    })

    it('with one cut off anywhere, missing, or empty', async (t) => {
      const { whole, damaged, outcomes } = await subject(t, 3, 5)
      for (const [name, content] of Object.entries(storeFiles(whole))) {
        const path = (copy: string): string => join(copy, name)
        await damaged(`${name} gone`, (copy) => rmSync(path(copy)))
        await damaged(`${name} and MARK gone`, (copy) =>
          [name, 'MARK'].forEach((each) => rmSync(join(copy, each), { force: true })),
        )
        await damaged(`${name}, MARK and CURRENT gone`, (copy) =>
          [name, 'MARK', 'CURRENT'].forEach((each) => rmSync(join(copy, each), { force: true })),
        )
        const length = name === 'FILTER' ? Math.min(content.length, 300) : content.length
        for (let to = 0; to < length; to += name.startsWith('MANIFEST') ? Math.ceil(cuts / 10) : cuts) {
          await damaged(`${name} cut to ${to}`, (copy) => truncateSync(path(copy), to))
        }
      }
      t.diagnostic(inWords(outcomes))
    })

    it('with one from another time, or all but one', async (t) => {
      const { whole, past, damaged, outcomes } = await subject(t, 6, 5)
      for (const [i, old] of past.entries()) {
        const [now, then] = [storeFiles(whole), storeFiles(old)]
        for (const name of new Set([...Object.keys(now), ...Object.keys(then)])) {
          const [from, to] = [then[name], now[name]]
          if (from !== undefined && from !== to)
            await damaged(`${name} as it was after ${i + 1}`, (copy) => write(copy, name, from))
          if (to !== undefined && from !== to && tellsOf(name, to, i + 1))
            await damaged(`all as it was after ${i + 1} but ${name}`, (copy) => write(copy, name, to), old)
        }
      }
      t.diagnostic(inWords(outcomes))
    })
  })
}

function write(copy: string, name: string, content: string): void {
  writeFileSync(join(copy, name), content, 'latin1')
}

/** Whether a file has records of a life after this one. A table may hold only what an older log file had. */
function tellsOf(name: string, content: string, life: number): boolean {
  if (!/^\d/.test(name)) return true
  return [...content.matchAll(/last of (\d)|"(\d)\//g)].some(([, a, b]) => Number(a ?? b) > life)
}

function flip(name: string, at: number, bit: number): (copy: string) => void {
  return (copy) => {
    const path = join(copy, name)
    const content = readFileSync(path)
    content[at] = (content[at] as number) ^ (1 << bit)
    writeFileSync(path, content)
  }
}

function inWords(outcomes: ReadonlyMap<Outcome, number>): string {
  return `${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}; 0 silent, 0 files deleted`
}
