import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { specs } from './break.ts'
import { breaks } from './breaks.ts'
import { Sources } from './find-place.ts'
import { root } from './root.ts'

/** The text of a spec and of all that it imports below spec/ and lib/testing/: the titles of its tests are there. */
function textOf(path: string, read = new Map<string, string>()): string {
  if (existsSync(path) && !read.has(path)) {
    const text = readFileSync(path, 'utf8')
    read.set(path, text)
    for (const [, specifier = ''] of text.matchAll(/ from '(\.[^']+)'/g)) {
      const imported = join(dirname(path), specifier)
      if (/^(?:spec|lib\/testing)\//.test(relative(root, imported))) textOf(imported, read)
    }
  }
  return [...read.values()].join('\n')
}

describe('the ways to break the engine', () => {
  it('each have exactly one place', () => {
    const sources = new Sources(root, 'lib')
    const wrong = breaks.flatMap((each): object[] => {
      if ('add' in each) return existsSync(join(root, each.add)) ? [{ words: each.words, exists: each.add }] : []
      const places = sources.places(each).map(({ path }) => path)
      return places.length === 1 ? [] : [{ words: each.words, in: each.in, find: each.find, places }]
    })
    assert.deepEqual(wrong, [])
  })

  it('name tests that exist', () => {
    const wrong = specs().filter(([file, name = '']) => {
      const text = textOf(join(root, 'spec', file))
      return text === '' || !text.includes(name)
    })
    assert.deepEqual(wrong, [])
  })
})

describe('a place in the code', () => {
  const sources = new Sources(root, 'spec/faults')
  const placesIn = (name: string, find: string) => sources.places({ in: name, find }).map(({ path }) => path)

  it('is found by the name around it, with or without its class', () => {
    for (const name of ['Sources.places', 'places']) {
      assert.deepEqual(placesIn(name, 'text.includes(own)'), ['spec/faults/find-place.ts'], name)
    }
    assert.deepEqual(placesIn('Other.places', 'text.includes(own)'), [])
    assert.deepEqual(placesIn('leavesOf', 'text.includes(own)'), [])
  })

  it('is found whatever white space and trailing commas it has', () => {
    assert.equal(placesIn('occurrences', 'start: tokens[ at ]\n?.start  as number,').length, 1)
    assert.equal(placesIn('places', 'if(!text.includes(own,))continue').length, 1)
  })

  it('is found as often as it is there', () => {
    assert.equal(placesIn('occurrences', 'code.length').length, 2)
    assert.equal(placesIn('occurrences', 'length').length, 3)
  })
})
