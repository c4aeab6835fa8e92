import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { read, steps } from '../../lib/filter/path.ts'
import { anyValue } from './arbitraries.ts'

describe('read', () => {
  const event = { type: 'pr', data: { repo: { name: 'x/y' }, labels: [{ name: 'bug' }, { name: 'ui' }], none: null } }

  it('finds the value at a path, through objects and array indices', () => {
    assert.equal(read(event, 'type'), 'pr')
    assert.equal(read(event, 'data.repo.name'), 'x/y')
    assert.equal(read(event, 'data.labels.1.name'), 'ui')
    assert.equal(read(event, 'data.labels.length'), 2)
    assert.equal(read(event, 'data.none'), null)
    assert.equal(read(event, ['data', 'repo']), event.data.repo)
  })

  it('is undefined if the path leads nowhere', () => {
    for (const path of ['nope', 'type.nope', 'data.none.x', 'data.labels.2', 'data.labels.-1', 'data.labels.01', '']) {
      assert.equal(read(event, path), undefined, path)
    }
  })

  it('does not look into strings and functions', () => {
    assert.equal(read('abc', '0'), undefined)
    assert.equal(read('abc', 'length'), undefined)
    assert.equal(
      read((x: unknown) => x, 'length'),
      undefined,
    )
  })

  it('never follows the prototype', () => {
    for (const value of [{}, [], new Date(0), Object.create({ inherited: 1 }) as object]) {
      for (const path of ['__proto__', 'constructor', 'constructor.name', 'toString', 'hasOwnProperty', 'inherited']) {
        assert.equal(read(value, path), undefined, path)
      }
    }
  })

  it('finds keys of such names if they are own properties', () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}')
    assert.equal(read(hostile, '__proto__.admin'), true)
    assert.equal(read(hostile, 'constructor'), 1)
    assert.equal(read({ hasOwnProperty: 1, a: 2 }, 'a'), 2)
    assert.equal(read(Object.assign(Object.create(null), { a: 3 }), 'a'), 3)
  })

  it('is undefined if a getter or a proxy throws', () => {
    const broken = {
      get x(): unknown {
        throw new Error('broken')
      },
    }
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    assert.equal(read(broken, 'x.y'), undefined)
    assert.equal(read({ proxy }, 'proxy.x'), undefined)
  })

  it('never throws, and returns only values that a walk over own entries finds', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('0', '1', 'a', '__proto__', 'constructor', 'length', 'toString'))
    fc.assert(
      fc.property(anyValue, fc.array(key, { minLength: 1, maxLength: 3 }), (value, keys) => {
        let found: unknown = value
        for (const wanted of keys) {
          const names = typeof found === 'object' && found !== null ? Object.getOwnPropertyNames(found) : []
          found = names.includes(wanted) ? Object.getOwnPropertyDescriptor(found, wanted)?.value : undefined
        }
        assert.ok(Object.is(read(value, keys), found))
      }),
      { numRuns: 1000 },
    )
  })

  it('finds every leaf of JSON at the path that leads to it', () => {
    const key = fc.string({ minLength: 1 }).filter((name) => !name.includes('.'))
    const json = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(fc.integer(), fc.array(tie('node')), fc.dictionary(key, tie('node'))),
    })).node
    fc.assert(
      fc.property(json, (root) => {
        const visit = (node: unknown, path: readonly string[]): void => {
          if (path.length > 0) assert.equal(read(root, path.join('.')), node)
          if (typeof node === 'object' && node !== null) {
            for (const [name, child] of Object.entries(node)) visit(child, [...path, name])
          }
        }
        visit(root, [])
      }),
    )
  })
})

describe('steps', () => {
  it('splits a path once', () => assert.deepEqual(steps('at()', 'data.labels.0'), ['data', 'labels', '0']))

  it('rejects an invalid path', () => {
    for (const [path, came] of [
      ['', "''"],
      ['a..b', "'a..b'"],
      ['.a', "'.a'"],
      ['a.', "'a.'"],
      [3, '3'],
      [['a'], 'an array'],
    ]) {
      const message = `at() expects a path such as 'data.title', and got ${String(came)}`
      assert.throws(() => steps('at()', path), { name: 'TypeError', message })
    }
  })
})
