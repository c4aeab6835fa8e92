import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { hasCode } from '../../lib/core/errors.ts'
import type { Draft } from '../../lib/core/event.ts'
import { keys, seqOf, startingWith } from '../../lib/level/format/keys.ts'
import { decodeEvent } from '../../lib/level/format/records.ts'
import { earliestStart, MOST_IN_SEGMENT, MOST_SEGMENT_TEXT, recordsIn } from '../../lib/level/format/segments.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { repairLog } from '../../lib/level/repair-log.ts'
import { type Database, type DatabaseSource, memoryDatabase } from '../../lib/level/store/database.ts'
import { draft, draftsOf, list, seqs } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { levelLog } from '../support/level-log.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const TYPES = ['a', 'a b', 'b"\\']

/** A log in memory, with its store. */
async function opened(): Promise<{ log: LevelLog; source: DatabaseSource; db: Database }> {
  const source = memoryDatabase()
  const log = await levelLog({ source, clock: virtualClock(), warn: assert.fail })
  return { log, source, db: await source.open({ createIfMissing: false }) }
}

const segmentsOf = (db: Database): Promise<[string, string][]> => db.iterator(startingWith('e')).all()

/** Drafts of some types, some of them larger than a segment should be. */
const drafts = fc.array(
  fc.record({ type: fc.constantFrom(...TYPES), size: fc.constantFrom(0, 0, 0, 0, 0, 500, MOST_SEGMENT_TEXT) }),
  { maxLength: 200 },
)
interface Calls {
  readonly each: readonly (readonly { type: string; size: number }[])[]
  /** Whether they share commits. */
  readonly together: boolean
}
const calls: fc.Arbitrary<Calls> = fc.record({
  each: fc.array(drafts, { minLength: 1, maxLength: 4 }),
  together: fc.boolean(),
})

async function acceptAll(log: LevelLog, { each, together }: Calls): Promise<Draft[]> {
  let count = 0
  const made = each.map((call) => call.map(({ type, size }) => draft(`${(count += 1)}`, 'x'.repeat(size), type)))
  if (together) await Promise.all(made.map((call) => log.accept(call)))
  else for (const call of made) await log.accept(call)
  return made.flat()
}

describe('the segments of a log', () => {
  it('hold all events in order, within blocks and of a bounded size, and the index names exactly them', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (all) => {
        const { log, db } = await opened()
        const accepted = await acceptAll(log, all)
        const segments = await segmentsOf(db)
        const records = segments.flatMap(([key, text]) => recordsIn(key, text))
        assert.deepEqual(
          records.map((record) => decodeEvent(...record).event.identifier),
          accepted.map(({ identifier }) => identifier),
        )
        const expected = new Set<string>()
        for (const [key, text] of segments) {
          const there = recordsIn(key, text)
          const [[first], [last]] = [there[0] as [number, string], there.at(-1) as [number, string]]
          assert.equal(earliestStart(first), earliestStart(last))
          assert(text.length < MOST_SEGMENT_TEXT + MOST_IN_SEGMENT || there.length === 1)
          for (const record of there) expected.add(keys.type(decodeEvent(...record).event.type, first))
        }
        assert.deepEqual(await db.keys(startingWith('t')).all(), [...expected].toSorted())
        assert.deepEqual(await log.verify(), { ok: true, problems: [] })
        await log.close()
      }),
      { numRuns: 20 },
    )
  })

  it('answer every query as a list would, whatever was pruned', async () => {
    const query = fc.record({
      types: fc.option(fc.subarray(TYPES, { minLength: 1 }), { nil: undefined }),
      after: fc.nat(150),
      reverse: fc.boolean(),
      limit: fc.option(fc.integer({ min: 1, max: 80 }), { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(
        calls,
        fc.array(query, { minLength: 3, maxLength: 6 }),
        fc.nat(200),
        async (all, asked, kept) => {
          const { log } = await opened()
          const accepted = await acceptAll(log, all)
          await log.prune({ count: kept })
          const left = accepted.map(({ type }, i) => ({ seq: i + 1, type })).slice(Math.max(0, accepted.length - kept))
          for (const { types, after, reverse, limit } of asked) {
            const wanted = left.filter(({ seq, type }) => seq > after && (types === undefined || types.includes(type)))
            const inOrder = (reverse ? wanted.toReversed() : wanted).slice(0, limit).map(({ seq }) => seq)
            const given = { after, reverse, ...(types && { types }), ...(limit && { limit }) }
            assert.deepEqual(await seqs(log, given), inOrder, JSON.stringify(given))
          }
          for (const [i, { type, identifier }] of accepted.entries()) {
            const isKept = i >= accepted.length - kept
            assert.equal((await log.get(type, identifier))?.seq, isKept ? i + 1 : undefined)
          }
          assert.deepEqual(await log.verify(), { ok: true, problems: [] })
          await log.close()
        },
      ),
      { numRuns: 20 },
    )
  })

  it('are cut by a prune wherever it ends', async () => {
    const { log, db } = await opened()
    await log.accept(draftsOf(MOST_IN_SEGMENT * 2))
    for (let first = 2; first <= MOST_IN_SEGMENT + 2; first++) {
      await log.prune({ count: MOST_IN_SEGMENT * 2 - first + 1 })
      const [key] = (await segmentsOf(db))[0] as [string, string]
      assert.equal(seqOf(key), first)
      assert.equal((await seqs(log, { types: ['it'] }))[0], first)
    }
    assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    await log.close()
  })

  it('show a query by type each event once, if they are cut meanwhile', async () => {
    for (const at of [1, 30, 64, 65, 100, 600]) {
      const { log } = await opened()
      const types = Array.from({ length: 1400 }, (_, i) => (i % 3 === 0 ? 'a' : 'b'))
      await log.accept(types.map((type, i) => draft(`${i}`, null, type)))
      const seen: number[] = []
      for await (const { seq } of log.events({ types: ['a'] })) {
        if (seen.push(seq) === at) await log.prune({ count: 620 })
      }
      assert.deepEqual(
        seen,
        [...new Set(seen)].toSorted((a, b) => a - b),
        `${at}`,
      )
      const left = types.flatMap((type, i) => (type === 'a' && i >= 780 ? [i + 1] : []))
      assert.deepEqual(seen.slice(-left.length), left, `${at}`)
      await log.close()
    }
  })
})

describe('a damaged segment', () => {
  const COUNT = 6

  it('is never read as anything else, whichever bit of it is flipped', async () => {
    const { log, source, db } = await opened()
    await log.accept(Array.from({ length: COUNT }, (_, i) => draft(`${i}`, i, TYPES[i % 2])))
    const [[key, text]] = (await segmentsOf(db)) as [[string, string]]
    const whole = await list(log.events())
    const { id } = log
    await log.close()
    const reads: ((each: LevelLog) => Promise<unknown>)[] = [
      ...[{}, { reverse: true }, ...TYPES.slice(0, 2).map((type) => ({ types: [type] }))].map(
        (query) => async (each: LevelLog) => {
          const events = await list(each.events(query))
          const all = 'types' in query ? whole.filter(({ type }) => query.types.includes(type)) : whole
          assert.deepEqual(events, 'reverse' in query ? all.toReversed() : all)
        },
      ),
      ...whole.map(({ type, identifier, seq }) => async (each: LevelLog) => {
        assert.deepEqual(await each.get(type, identifier), whole[seq - 1])
      }),
    ]
    // As if the events were older than the last opening, which checks the newest.
    const marks = { read: async () => ({ id, format: 1, seq: COUNT, opened: COUNT }), write: async () => undefined }
    for (let at = 0; at < text.length; at++) {
      const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << (at % 7)))
      await db.open()
      await db.put(key, text.slice(0, at) + flipped + text.slice(at + 1))
      const bad = await levelLog({ source, clock: virtualClock(), warn: assert.fail, marks })
      let refusals = 0
      for (const read of reads) {
        await read(bad).catch((error: unknown) => {
          if (!hasCode(error, 'TIDINGS_LOG_DAMAGED')) throw error
          refusals += 1
        })
      }
      // Each of the four queries meets it; by its identity, an event is read without its neighbours.
      assert(refusals >= 4, `${refusals} refusals at ${at}`)
      assert.equal((await bad.verify()).ok, false)
      await bad.close()
    }
  })

  it('keeps every sound event when it is repaired, also where a line break is lost or one too many', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const harms: [string, number[], (text: string) => string][] = [
      ['a bit in an event', [3], (text) => at(text, 2, (line) => `${line.slice(0, -2)}\x7f]`)],
      ['a lost break', [3, 4], (text) => joined(text, 2)],
      ['a lost last break', [5, 6], (text) => joined(text, 4)],
      ['a break too many', [3], (text) => at(text, 2, (line) => `${line.slice(0, 20)}\n${line.slice(21)}`)],
      ['two breaks too many', [1], (text) => at(text, 0, (line) => `${line.slice(0, 9)}\n\n${line.slice(11)}`)],
      ['an event too many', [], (text) => `${text}\n${text.split('\n')[0]}`],
    ]
    for (const [what, lost, harm] of harms) {
      const from = `${directory} ${what}`
      const log = await openLog(from)
      await log.accept(Array.from({ length: COUNT }, (_, i) => draft(`${i}`, i, TYPES[i % 2])))
      const whole = await list(log.events())
      await log.close()
      const db = new ClassicLevel(from)
      await db.put(keys.event(1), harm((await db.get(keys.event(1))) as string))
      await db.close()
      const made = await repairLog(from, `${from}.repaired`)
      assert.deepEqual([made.lost, made.problems], [lost, []], what)
      await using again = await openLog(`${from}.repaired`)
      const kept = (await list(again.events())).filter(({ type }) => !type.startsWith('tidings.'))
      assert.deepEqual(
        kept,
        whole.filter(({ seq }) => !lost.includes(seq)),
        what,
      )
    }
  })
})

function at(text: string, line: number, change: (line: string) => string): string {
  return text
    .split('\n')
    .map((each, i) => (i === line ? change(each) : each))
    .join('\n')
}

/** Without the break after a line. */
function joined(text: string, line: number): string {
  const lines = text.split('\n')
  return [...lines.slice(0, line), `${lines[line]}${lines[line + 1]}`, ...lines.slice(line + 2)].join('\n')
}
