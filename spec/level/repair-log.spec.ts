import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { keys } from '../../lib/level/format/keys.ts'
import { decode, encode, FORMAT, type Head, type Meta, type TypeCount } from '../../lib/level/format/records.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { type Repaired, repairLog } from '../../lib/level/repair-log.ts'
import { draft, draftsOf, list, refused } from '../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { eachAlone, names, readFixture, recordsIn, unpack } from './formats.ts'

/** Makes a log out of a fixture, damages it, and repairs it. */
async function repaired(
  t: TestContext,
  name: string,
  harm: (db: ClassicLevel, directory: string) => Promise<void> | void,
): Promise<{
  readonly made: Repaired
  readonly before: Record<string, string>
  readonly after: Record<string, string>
}> {
  const folder = temporaryDirectory(t)
  const [directory, target] = [join(folder, 'log'), join(folder, 'log.repaired')]
  const fixture = readFixture(name)
  await unpack(fixture, directory)
  const db = new ClassicLevel(directory)
  await db.open()
  await harm(db, directory)
  await db.close()
  const files = contents(directory)
  const made = await repairLog(directory, target)
  assert.deepEqual(contents(directory), files, 'the damaged log is as it was')
  assert.deepEqual(readdirSync(folder).toSorted(), ['log', 'log.repaired'])
  return { made, before: fixture.records, after: await recordsIn(target) }
}

function contents(directory: string): Record<string, string> {
  return Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'base64')]))
}

const flipped = async (db: ClassicLevel, key: string): Promise<void> => db.put(key, `${await db.get(key)}x`)

/**
 * The same records as a repair writes them: in the present format, an event a segment, with the counts of types and the
 * index of causes, and without the records of eventless commits.
 */
function indexed(before: Record<string, string>): Record<string, string> {
  const counts: [string, TypeCount][] = [
    ['plain', [8, 14, LATER]],
    ['versioned', [3, 7, LATER]],
    ['schemed', [1, 8, LATER]],
    [readFixture('1-type').said.events[8]?.type as string, [1, 9, LATER]],
    ['tidings.job.failed', [1, 10, LATER]],
  ]
  const records = [
    [keys.meta, encode(keys.meta, { ...decode<Meta>(keys.meta, before[keys.meta] as string), format: FORMAT })],
    [keys.head, encode<Head>(keys.head, [14, 14, 1, 0, 1, 0])],
    [keys.cause(1, 3), encode(keys.cause(1, 3), 0)],
    ...counts.map(([type, count]) => [keys.count(type), encode(keys.count(type), count)]),
  ]
  const kept = Object.entries(eachAlone(before)).filter(([key]) => !key.startsWith('q'))
  return { ...Object.fromEntries(kept), ...(Object.fromEntries(records) as Record<string, string>) }
}

const LATER = 1767225601000

const nothing = { lost: [], identities: 0, dropped: 0, listeners: [], spoilt: {}, whole: true, problems: [] }

describe('a repaired log', () => {
  for (const name of names) {
    it(`has every record, if it was sound (${name})`, async (t) => {
      const { made, before, after } = await repaired(t, name, () => undefined)
      const { directory: _, ...found } = made
      assert.deepEqual(found, { ...nothing, events: 14, last: 14 })
      assert.deepEqual(after, indexed(before))
    })

    it(`has the records that follow from its events (${name})`, async (t) => {
      const { made, before, after } = await repaired(t, name, async (db) => {
        for (const key of Object.keys(before1(name))) {
          if (key.startsWith('t')) await db.del(key)
          if (key.startsWith('i') && !key.includes('forgotten'))
            await (key.includes('2') ? flipped(db, key) : db.del(key))
        }
      })
      assert.deepEqual([made.identities, made.lost, made.problems], [9, [], []])
      assert.deepEqual(made.spoilt, { identity: 1 })
      assert.deepEqual(after, indexed(before))
    })
  }

  const before1 = (name: string) => readFixture(name).records

  it('names the lost events, delivers none in their place, and accepts none of them again', async (t) => {
    const { made, after } = await repaired(t, '1-type', async (db) => {
      await db.del(keys.event(2))
      await flipped(db, keys.event(7))
      await db.del(keys.event(14))
    })
    assert.deepEqual([made.events, made.last, made.lost], [11, 14, [2, 7, 14]])
    assert.deepEqual([made.spoilt, made.problems], [{ event: 1 }, []])
    // Event 2 can't be redelivered to the listeners that waited for it.
    assert.equal(made.dropped, 3)
    assert.equal(after[keys.retry('listener', 2)], undefined)
    const log = await openLog(made.directory, { warn: assert.fail })
    t.after(() => log.close())
    const lost = await list(log.events({ types: ['tidings.log.lost'] }))
    assert.deepEqual(
      lost.map(({ seq, identifier, data }) => [seq, identifier, data]),
      [
        [2, 'tidings.log.lost 2', { seq: 2, type: 'plain', identifier: '2' }],
        [7, 'tidings.log.lost 7', { seq: 7, type: 'versioned', identifier: 'changing' }],
        [14, 'tidings.log.lost 14', { seq: 14, type: 'plain', identifier: 'with state' }],
      ],
    )
    const again = [
      draft('2', 0, 'plain'),
      draft('with state', 0, 'plain'),
      { ...draft('changing', 0, 'versioned'), version: 'A' },
    ]
    assert.deepEqual(await log.accept(again), [
      { status: 'duplicate', seq: 2 },
      { status: 'duplicate', seq: 14 },
      { status: 'duplicate', seq: 7 },
    ])
    assert.equal((await log.accept([draft('new')]))[0]?.seq, 15)
    const consumer = await log.consumer('fresh', { start: 'start' })
    const heard = await consumer.pull(100, new AbortController().signal)
    assert.deepEqual(
      heard.filter(({ event }) => event.type === 'tidings.log.lost'),
      [],
    )
  })

  it('knows the version last told, also below a newer untold one', async (t) => {
    const folder = temporaryDirectory(t)
    const directory = join(folder, 'log')
    const version = (identifier: string, name: string) => ({ ...draft(identifier, name), version: name })
    const log = await openLog(directory)
    for (const name of ['A', 'B']) await log.accept([version('told before', name)])
    await log.accept([version('told before', 'C'), version('never told', 'A')], { told: false })
    await log.accept([version('told before', 'D'), version('never told', 'B')], { told: false })
    await log.close()
    const before = await recordsIn(directory)
    const db = new ClassicLevel(directory)
    for (const identifier of ['told before', 'never told']) await db.del(keys.identity('it', identifier))
    await db.close()
    const made = await repairLog(directory, join(folder, 'log.repaired'))
    assert.deepEqual([made.identities, made.lost, made.problems], [2, [], []])
    const after = await recordsIn(made.directory)
    const identities = (records: typeof after) => Object.entries(records).filter(([key]) => key.startsWith('i'))
    assert.deepEqual(identities(after), identities(before))
    const repairedLog = await openLog(made.directory)
    t.after(() => repairedLog.close())
    const answers = await repairedLog.accept([version('told before', 'B'), version('never told', 'B')])
    assert.deepEqual(
      answers.map(({ status, seq }) => [status, seq]),
      [
        ['duplicate', 2],
        ['duplicate', 6],
      ],
    )
  })

  it('names the listeners that begin as new ones, and keeps their other records', async (t) => {
    const { made, before, after } = await repaired(t, '1-identifier', async (db) => {
      await flipped(db, keys.consumer('listener'))
      await db.del(keys.consumer('crashed'))
      await flipped(db, keys.state('n', 'k'))
      await flipped(db, keys.parked('listener', 3))
    })
    assert.deepEqual(made.listeners.toSorted(), ['crashed', 'listener'])
    assert.deepEqual(made.spoilt, { cursor: 1, parked: 1, state: 1 })
    const gone = Object.keys(before).filter((key) => after[key] === undefined)
    const expected = [
      keys.consumer('crashed'),
      keys.consumer('listener'),
      keys.parked('listener', 3),
      keys.state('n', 'k'),
    ]
    assert.deepEqual(gone.toSorted(), expected.toSorted())
  })

  it('restores the records with its id and with its length', async (t) => {
    for (const name of names) {
      const { made, before, after } = await repaired(t, name, async (db) => {
        await db.del(keys.meta)
        await flipped(db, keys.head)
      })
      assert.deepEqual(made.spoilt, { head: 1 })
      assert.deepEqual(after, indexed(before))
    }
  })

  it('takes its length from the MARK file, identities and cursors', async (t) => {
    for (const [key, letters] of [
      [undefined, 'ehc'],
      [keys.identity('plain', 'with state'), 'ehic'],
    ] as const) {
      const { made } = await repaired(t, '1-type', async (db, directory) => {
        const records = Object.keys(before1('1-type'))
        for (const each of records) if (letters.includes(each[0] as string) && each !== key) await db.del(each)
        if (key !== undefined) rmSync(join(directory, 'MARK'))
      })
      assert.deepEqual([made.last, made.events, made.lost.length, made.problems], [14, 0, 14, []])
    }
  })

  it('is sound and has every sound record, whichever records are lost or damaged', async (t) => {
    const all = Object.keys(before1('1-type'))
    const harm = fc.array(fc.record({ key: fc.constantFrom(...all), how: fc.constantFrom('gone', 'changed') }), {
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(harm, async (harms) => {
        const { made, before, after } = await repaired(t, '1-type', async (db) => {
          for (const { key, how } of harms) await (how === 'gone' ? db.del(key) : flipped(db, key))
        })
        const harmed = new Set(harms.map(({ key }) => key))
        assert.deepEqual(made.problems, [])
        for (const key of all) {
          const event = `e${key.slice(-12)}`
          if ('rpx'.includes(key[0] as string) || harmed.has(key) || (key[0] === 't' && harmed.has(event))) continue
          if (key !== keys.head && key !== keys.meta) assert.equal(after[key], before[key], JSON.stringify(key))
        }
        for (const { seq, type, identifier } of readFixture('1-type').said.events) {
          const identity = keys.identity(type, identifier)
          if (harmed.has(keys.event(seq)) && harmed.has(identity)) continue
          assert.notEqual(after[identity], undefined, `${identity} could be told again`)
        }
      }),
      { numRuns: 15 },
    )
  })
})

describe('a damaged file', () => {
  const harms: readonly (readonly [string, (directory: string) => void])[] = [
    ['CURRENT is gone', (directory) => rmSync(join(directory, 'CURRENT'))],
    ['the manifest is gone', (directory) => rmSync(join(directory, file(directory, /^MANIFEST/)))],
    ['the manifest is empty', (directory) => writeFileSync(join(directory, file(directory, /^MANIFEST/)), '')],
    ['MARK is gone', (directory) => rmSync(join(directory, 'MARK'))],
    ['MARK is nonsense', (directory) => writeFileSync(join(directory, 'MARK'), 'nonsense')],
    ['the log file is cut', (directory) => cut(join(directory, file(directory, /\.log$/)))],
  ]
  const file = (directory: string, pattern: RegExp): string => {
    const found = readdirSync(directory).filter((name) => pattern.test(name))
    return found.toSorted((a, b) => statSync(join(directory, b)).size - statSync(join(directory, a)).size)[0] as string
  }
  const cut = (path: string): void => writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size * 0.7))

  for (const [what, harm] of harms) {
    it(`does not stop a repair: ${what}`, async (t) => {
      const folder = temporaryDirectory(t)
      const directory = join(folder, 'log')
      const log = await openLog(directory)
      for (let i = 0; i < 40; i++) await log.accept(draftsOf(50, `${i} `))
      await log.close()
      harm(directory)
      const files = contents(directory)
      const made = await repairLog(directory, join(folder, 'new'))
      assert.deepEqual(contents(directory), files)
      assert.deepEqual(made.problems, [])
      assert.equal(made.events + made.lost.length, made.last)
      if (what !== 'the log file is cut') assert.deepEqual([made.events, made.last], [2000, 2000])
      else assert.ok(made.events > 1000 && made.events < 2000, `${made.events} are left`)
      assert.equal(made.last, 2000)
      const again = await openLog(join(folder, 'new'), { warn: assert.fail })
      assert.equal((await again.accept([draft('new')]))[0]?.seq, 2001)
      await again.close()
    })
  }
})

describe('a repair', () => {
  it('rejects a folder without a log, a target that is not empty, and a log in use', async (t) => {
    const folder = temporaryDirectory(t)
    const directory = join(folder, 'log')
    await unpack(readFixture('1-type'), directory)
    const invalid = refused('TIDINGS_LOG_INVALID')
    await assert.rejects(repairLog(join(folder, 'nowhere'), join(folder, 'new')), invalid)
    await assert.rejects(repairLog(directory, join(directory, 'new')), invalid)
    mkdirSync(join(folder, 'full'))
    writeFileSync(join(folder, 'full/notes.txt'), 'mine')
    await assert.rejects(repairLog(directory, join(folder, 'full')), invalid)
    mkdirSync(join(folder, 'new.copy'))
    writeFileSync(join(folder, 'new.copy/notes.txt'), 'mine')
    await assert.rejects(repairLog(directory, join(folder, 'new')), invalid)
    assert.deepEqual(readdirSync(folder).toSorted(), ['full', 'log', 'new.copy'])
  })

  it('fails when no record can be read, and leaves nothing behind', async (t) => {
    const folder = temporaryDirectory(t)
    const directory = join(folder, 'log')
    await unpack(readFixture('1-type'), directory)
    for (const name of readdirSync(directory)) if (name !== 'MARK') writeFileSync(join(directory, name), 'nonsense')
    await assert.rejects(repairLog(directory, join(folder, 'new')), refused('TIDINGS_LOG_DAMAGED'))
    assert.deepEqual(readdirSync(folder), ['log'])
  })

  it('replaces the leftovers of a killed one', async (t) => {
    const folder = temporaryDirectory(t)
    const directory = join(folder, 'log')
    await unpack(readFixture('1-type'), directory)
    cpSync(directory, join(folder, 'new.copy'), { recursive: true })
    cpSync(directory, join(folder, 'new.partial'), { recursive: true })
    assert.equal((await repairLog(directory, join(folder, 'new'))).events, 14)
    assert.deepEqual(readdirSync(folder).toSorted(), ['log', 'new'])
  })
})
