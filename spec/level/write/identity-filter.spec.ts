import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultLimits } from '../../../lib/core/limits.ts'
import { createLevelLog } from '../../../lib/level/create-level-log.ts'
import { BloomFilter } from '../../../lib/level/format/bloom.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { IdentityFilter } from '../../../lib/level/write/identity-filter.ts'
import { anyCharacter } from '../../../lib/testing/any-character.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { filterFromStart, onDisk, openStore } from '../../support/level-log.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const draft = (n: number) => ({ type: 'made', identifier: `no. ${n}`, data: n })
const drafts = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => draft(from + i))
// Whether the filter ruled out the identity that was looked up last: only a filter that is loaded does.
let isRuledOut = false
const { rulesOut } = IdentityFilter.prototype
IdentityFilter.prototype.rulesOut = function (...args) {
  isRuledOut = rulesOut.apply(this, args)
  return isRuledOut
}

/** Looks for an unknown identity until the filter rules it out. The first look-up makes the filter load. */
async function filterLoaded(log: LevelLog): Promise<void> {
  await until(async () => {
    await log.forget('made', 'unknown')
    return isRuledOut
  })
}

/** Opens a log on disk that has an identity filter from its first event on. */
async function openFiltered(directory: string, limits = defaultLimits): Promise<LevelLog> {
  const warn = (message: string): never => assert.fail(message)
  const store = await openStore({ ...onDisk(directory), ...filterFromStart(directory), clock: virtualClock(), warn })
  return createLevelLog(store, limits)
}

/** Publishes one event, and waits until the filter is loaded. */
async function loaded(log: LevelLog, n: number): Promise<void> {
  await log.accept([draft(n)])
  await filterLoaded(log)
}

async function statuses(log: LevelLog, from: number, to: number): Promise<Set<string>> {
  const receipts = await log.accept(drafts(from, to))
  return new Set(receipts.map(({ status }) => status))
}

describe('a Bloom filter', () => {
  it('has every added key, also after it grew', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: anyCharacter }), { maxLength: 300 }), (added) => {
        const bloom = new BloomFilter(10)
        for (const key of added) bloom.add(key)
        for (const key of added) assert.ok(bloom.mayHave(key))
      }),
    )
  })

  it('is wrong about at most one unknown key in five hundred when it is full', () => {
    const bloom = new BloomFilter(50_000)
    for (let n = 0; n < 50_000; n++) bloom.add(`imade\0no. ${n}\0`)
    let wrong = 0
    for (let n = 50_000; n < 150_000; n++) if (bloom.mayHave(`imade\0no. ${n}\0`)) wrong += 1
    assert.ok(wrong < 200, `${wrong} of 100 000`)
    assert.equal(bloom.layers.length, 1)
  })
})

describe('the identity filter of a log', () => {
  it('knows texts with any number of the last code point after it was loaded from the keys', async (t) => {
    const directory = temporaryDirectory(t)
    const limits = { ...defaultLimits, type: 4096 }
    const odd = Array.from({ length: 20 }, (_, n) => ({ ...draft(n), type: '\u{10ffff}'.repeat(250 + 10 * n) }))
    const log = await openFiltered(directory, limits)
    await log.accept(odd)
    await log.close()
    rmSync(join(directory, 'FILTER'), { force: true })
    const again = await openFiltered(directory, limits)
    await loaded(again, 100)
    assert.deepEqual(new Set((await again.accept(odd)).map(({ status }) => status)), new Set(['duplicate']))
    await again.close()
  })

  it('knows identities accepted before, during and after its loading', async (t) => {
    const log = await openFiltered(temporaryDirectory(t))
    await log.accept(drafts(0, 500))
    // The filter is loading when the second of these calls is decided.
    const meanwhile = await Promise.all([500, 550, 600].map((n) => log.accept(drafts(n, n + 50))))
    assert.ok(meanwhile.flat().every(({ status }) => status === 'new'))
    await filterLoaded(log)
    await log.accept(drafts(650, 5000))
    assert.deepEqual(await statuses(log, 0, 5000), new Set(['duplicate']))
    assert.deepEqual(await statuses(log, 5000, 5100), new Set(['new']))
    await log.close()
  })

  it('lets a forgotten identity be accepted again', async (t) => {
    const log = await openFiltered(temporaryDirectory(t))
    await log.accept(drafts(0, 3000))
    await filterLoaded(log)
    assert.equal(await log.forget('made', 'no. 7'), true)
    assert.deepEqual(await statuses(log, 7, 8), new Set(['new']))
    assert.deepEqual(await statuses(log, 7, 8), new Set(['duplicate']))
    await log.close()
  })

  it('survives a restart, with the identities accepted since it was written', async (t) => {
    const directory = temporaryDirectory(t)
    const first = await openFiltered(directory)
    await loaded(first, 0)
    await first.accept(drafts(1, 3000))
    await first.close()
    const path = join(directory, 'FILTER')
    const kept = readFileSync(path)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const second = await openFiltered(directory)
    await second.accept(drafts(3000, 6000))
    await filterLoaded(second)
    await second.close()
    // As after a crash: the file is older than the log.
    writeFileSync(path, kept)
    const third = await openFiltered(directory)
    await loaded(third, 6000)
    assert.deepEqual(await statuses(third, 0, 6001), new Set(['duplicate']))
    await third.close()
  })

  it('is rebuilt when its file is damaged, of another log, or newer than the log', async (t) => {
    const directory = temporaryDirectory(t)
    const log = await openFiltered(directory)
    await loaded(log, 0)
    await log.accept(drafts(1, 2000))
    await log.close()
    const path = join(directory, 'FILTER')
    const kept = readFileSync(path)
    const stranger = await openFiltered(temporaryDirectory(t))
    await stranger.close()
    const wrong: Record<string, Buffer> = {
      flipped: Buffer.from(kept.map((byte, i) => (i === kept.length - 9 ? byte ^ 255 : byte))),
      zeroed: Buffer.concat([kept.subarray(0, 4096), Buffer.alloc(kept.length - 4096)]),
      truncated: kept.subarray(0, kept.length - 100),
      empty: Buffer.alloc(0),
      words: Buffer.from('not a filter'),
      'of another log': Buffer.from(kept.toString('latin1').replace(log.id, stranger.id), 'latin1'),
      newer: Buffer.from(kept.toString('latin1').replace('"seq":2000', '"seq":2999'), 'latin1'),
      'of another history': Buffer.from(
        kept.toString('latin1').replace(/"check":"(.)/, (_, digit: string) => `"check":"${digit === '0' ? '1' : '0'}`),
        'latin1',
      ),
    }
    let next = 2000
    for (const [what, content] of Object.entries(wrong)) {
      assert.notDeepEqual(content, kept, what)
      writeFileSync(path, content)
      const again = await openFiltered(directory)
      await loaded(again, next)
      next += 1
      assert.deepEqual(await statuses(again, 0, next), new Set(['duplicate']), what)
      await again.close()
    }
  })

  it('follows its model: nothing is new twice, whatever is published, forgotten and pruned over restarts', async (t) => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          do: fc.constant('accept' as const),
          n: fc.nat(60),
          count: fc.integer({ min: 1, max: 20 }),
        }),
      },
      fc.record({ do: fc.constant('forget' as const), n: fc.nat(80) }),
      fc.record({ do: fc.constant('reopen' as const) }),
      fc.record({ do: fc.constant('prune' as const), count: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ do: fc.constant('wait' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const directory = temporaryDirectory(t)
        const known = new Set<number>()
        let log = await openFiltered(directory)
        for (const each of steps) {
          if (each.do === 'accept') {
            const receipts = await log.accept(drafts(each.n, each.n + each.count))
            receipts.forEach(({ status }, i) => {
              assert.equal(status, known.has(each.n + i) ? 'duplicate' : 'new')
              known.add(each.n + i)
            })
          } else if (each.do === 'forget') {
            assert.equal(await log.forget('made', `no. ${each.n}`), known.delete(each.n))
          } else if (each.do === 'prune') await log.prune({ count: each.count })
          else if (each.do === 'wait') await filterLoaded(log)
          else {
            await log.close()
            log = await openFiltered(directory)
          }
        }
        await log.close()
      }),
      { numRuns: 40 },
    )
  })
})
