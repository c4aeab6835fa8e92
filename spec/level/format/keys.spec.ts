import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MemoryLevel } from 'memory-level'
import { allKeys, keys, kinds, runOf, seqOf, startingWith, textsOf } from '../../../lib/level/format/keys.ts'
import { identityText } from '../../../lib/testing/log-data.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
const compare = (a: string, b: string): number => Buffer.compare(bytes(a), bytes(b))
const texts = fc.oneof(identityText, fc.constant(''))
const runs = { numRuns: 2000 }

describe('a key of two texts', () => {
  it('is unique to these texts', () => {
    fc.assert(
      fc.property(texts, texts, texts, texts, (a, b, c, d) => {
        assert.equal(keys.identity(a, b) === keys.identity(c, d), a === c && b === d)
      }),
      runs,
    )
  })

  it('returns its texts', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => assert.deepEqual(textsOf(keys.state(a, b)), [a, b])),
      runs,
    )
  })

  it('has the UTF-8 order of its texts: of the first, then of the second', () => {
    fc.assert(
      fc.property(texts, texts, texts, texts, (a, b, c, d) => {
        assert.equal(compare(keys.state(a, b), keys.state(c, d)), compare(a, c) || compare(b, d))
      }),
      runs,
    )
  })

  it('stays unique in UTF-8', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => assert.equal(bytes(keys.state(a, b)).toString('utf8'), keys.state(a, b))),
      runs,
    )
  })
})

describe('the range of a prefix', () => {
  it('has every key of that name, and no other', () => {
    fc.assert(
      fc.property(texts, texts, fc.nat(), (name, other, seq) => {
        const range = startingWith(keys.retriesOf(name))
        const has = (key: string): boolean => compare(key, range.gte) >= 0 && compare(key, range.lt) < 0
        assert(has(keys.retry(name, seq)))
        assert.equal(has(keys.retry(other, seq)), other === name)
        assert(!has(keys.parked(name, seq)))
      }),
      runs,
    )
  })

  it('of state has every key that begins with the prefix, and no other', () => {
    fc.assert(
      fc.property(texts, texts, texts, (namespace, prefix, rest) => {
        const range = startingWith(keys.stateOf(namespace, prefix))
        const has = (key: string): boolean => compare(key, range.gte) >= 0 && compare(key, range.lt) < 0
        assert(has(keys.state(namespace, prefix + rest)))
        assert.equal(has(keys.state(namespace, rest)), rest.startsWith(prefix))
      }),
      runs,
    )
  })

  // With larger limits, a text may be a long run of the last code point, which is above any fixed bound.
  const high = fc.nat({ max: 700 }).map((n) => '\u{10ffff}'.repeat(n))
  const long = fc.oneof(
    texts,
    fc.tuple(texts, high, texts).map(([a, b, c]) => a + b + c),
  )

  it('selects exactly the keys with the prefix in a store, for any text of any length', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(long, { minLength: 1, maxLength: 8 }), fc.nat(), long, async (names, seq, prefix) => {
        const stored = names.flatMap((name, i) => everyKey(name, names.at(i - 1) as string, seq))
        const db = new MemoryLevel()
        await db.batch(stored.map((key) => ({ type: 'put', key, value: '' })))
        const prefixes = [
          ...kinds,
          ...stored,
          ...[...names, prefix].flatMap((name) => everyPrefix(name)),
          ...names.map((name) => keys.stateOf(name, prefix)),
        ]
        for (const begin of new Set(prefixes)) {
          const expected = [...new Set(stored)].filter((key) => key.startsWith(begin)).sort(compare)
          assert.deepEqual(await db.keys(startingWith(begin)).all(), expected, JSON.stringify(begin))
        }
        assert.equal((await db.keys(allKeys).all()).length, new Set(stored).size)
        await db.close()
      }),
      { numRuns: 200, examples: [[['\u{10ffff}'.repeat(300)], 1, '\u{10ffff}'.repeat(300)]] },
    )
  })

  it('skips surrogates, and rejects a prefix without a successor', () => {
    assert.deepEqual(startingWith('s\ud7ff'), { gte: 's\ud7ff', lt: 's\ue000' })
    assert.deepEqual(startingWith('s\u{10ffff}'), { gte: 's\u{10ffff}', lt: 't' })
    for (const prefix of ['', '\u{10ffff}']) assert.throws(() => startingWith(prefix), RangeError)
  })
})

/** A key of each kind. */
function everyKey(name: string, other: string, seq: number): string[] {
  const {
    event,
    identity,
    identityAlone,
    type,
    consumer,
    retry,
    parked,
    inFlight: flight,
    crash,
    state,
    claim,
    run,
    eventless: quiet,
    hour,
  } = keys
  return [
    keys.meta,
    keys.head,
    event(seq),
    quiet(seq),
    hour(seq),
    identity(name, other),
    identityAlone(name),
    type(name, seq),
    consumer(name),
    retry(name, seq),
    parked(name, seq),
    flight(name),
    crash(name, seq),
    state(name, other),
    claim(name),
    run(name, seq, 1),
  ]
}

function everyPrefix(name: string): string[] {
  const { retriesOf, parkedOf, crashesOf, runsOf, stateOf } = keys
  return [retriesOf(name), parkedOf(name), crashesOf(name), runsOf(name), stateOf(name, ''), stateOf('', name)]
}

describe('a key of a seq', () => {
  const seq = fc.nat({ max: 2 ** 48 - 1 })

  it('returns the seq, whatever comes before it', () => {
    fc.assert(
      fc.property(seq, texts, (n, name) => {
        for (const key of [keys.event(n), keys.type(name, n), keys.retry(name, n), keys.parked(name, n)]) {
          assert.equal(seqOf(key), n)
        }
      }),
      runs,
    )
  })

  it('has the order of the seq', () => {
    fc.assert(
      fc.property(seq, seq, (a, b) => assert.equal(compare(keys.event(a), keys.event(b)), Math.sign(a - b))),
      runs,
    )
  })
})

describe('the key of a run', () => {
  const slot = fc.nat({ max: 8.64e15 })
  const attempt = fc.nat()

  it('returns its slot and its attempt', () => {
    fc.assert(
      fc.property(texts, slot, attempt, (job, at, n) => {
        assert.deepEqual(runOf(keys.run(job, at, n)), { slot: at, attempt: n })
      }),
      runs,
    )
  })

  it('has the order of the slots, then of the attempts', () => {
    fc.assert(
      fc.property(texts, slot, slot, attempt, attempt, (job, a, b, m, n) => {
        const order = Math.sign(a - b) || Math.sign(m - n)
        assert.equal(compare(keys.run(job, a, m), keys.run(job, b, n)), order)
      }),
      runs,
    )
  })
})

describe('keys of different kinds', () => {
  it('are never equal', () => {
    fc.assert(
      fc.property(texts, texts, fc.nat(), (a, b, n) => {
        const all = [keys.meta, keys.head, keys.event(n), keys.identity(a, b), keys.type(a, n), keys.consumer(a)]
        all.push(keys.retry(a, n), keys.parked(a, n), keys.state(a, b), keys.claim(a), keys.run(a, n, 1))
        assert.equal(new Set(all.map((key) => key[0])).size, all.length)
      }),
    )
  })
})
