import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { keys, runOf, seqOf, startingWith, textsOf } from '../../lib/log/level-keys.ts'
import { identityText } from '../../lib/testing/log-data.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8')
const compare = (a: string, b: string): number => Buffer.compare(bytes(a), bytes(b))
const texts = fc.oneof(identityText, fc.constant(''))
const runs = { numRuns: 2000 }

describe('a key of two texts', () => {
  it('is that of no other two texts', () => {
    fc.assert(
      fc.property(texts, texts, texts, texts, (a, b, c, d) => {
        assert.equal(keys.identity(a, b) === keys.identity(c, d), a === c && b === d)
      }),
      runs,
    )
  })

  it('gives its texts back', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => assert.deepEqual(textsOf(keys.state(a, b)), [a, b])),
      runs,
    )
  })

  it('has the order of its texts, by utf8: of the first, then of the second', () => {
    fc.assert(
      fc.property(texts, texts, texts, texts, (a, b, c, d) => {
        assert.equal(compare(keys.state(a, b), keys.state(c, d)), compare(a, c) || compare(b, d))
      }),
      runs,
    )
  })

  it('stays the same as utf8: no two keys become one there', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => assert.equal(bytes(keys.state(a, b)).toString('utf8'), keys.state(a, b))),
      runs,
    )
  })
})

describe('the range of all that begins so', () => {
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

  it('goes to the last text there can be', () => {
    const last = '\u{10ffff}'.repeat(256)
    const range = startingWith('c')
    assert(compare(keys.consumer(last), range.lt) < 0)
    assert(compare(keys.consumer(last), range.gte) > 0)
  })
})

describe('a key of a seq', () => {
  const seq = fc.nat({ max: 2 ** 48 - 1 })

  it('gives the seq back, whatever stands before it', () => {
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

  it('gives its slot and its attempt back', () => {
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
  it('are never the same', () => {
    fc.assert(
      fc.property(texts, texts, fc.nat(), (a, b, n) => {
        const all = [keys.meta, keys.head, keys.event(n), keys.identity(a, b), keys.type(a, n), keys.consumer(a)]
        all.push(keys.retry(a, n), keys.parked(a, n), keys.state(a, b), keys.claim(a), keys.run(a, n, 1))
        assert.equal(new Set(all.map((key) => key[0])).size, all.length)
      }),
    )
  })
})
