import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { State } from '../../../lib/index.ts'
import { compare } from '../../../streams/files/compare.ts'
import { choiceOf } from '../../../streams/files/glob.ts'
import { Known } from '../../../streams/files/known.ts'
import type { Found, Scan } from '../../../streams/files/scan.ts'

/** A state in memory. */
function stateOf(values = new Map<string, unknown>()): State & { readonly values: Map<string, unknown> } {
  return {
    values,
    get: async <T>(key: string, fallback?: T) => (values.has(key) ? structuredClone(values.get(key)) : fallback) as T,
    set: (key, value) => void values.set(key, structuredClone(value)),
    delete: (key) => void values.delete(key),
    save: async () => undefined,
  }
}

const folder = { root: '/nowhere', patterns: '', device: 1, floor: 0 }

function found(key: string, mtime = 1): Found {
  return { key, size: 2 ** 30, mtime, ctime: mtime, ino: 1 }
}

async function look(known: Known, files: readonly Found[], more: Partial<Scan> & { now?: number } = {}) {
  const { now = 0, ...scan } = more
  const how = { root: '/nowhere', choice: choiceOf([], []), now, stable: 0, quiet: false }
  const { changes } = await compare(known, { files, unread: [], problems: [], device: 1, folder: 'x', ...scan }, how)
  return changes.map(({ kind, key, nth }) => `${kind} ${key} ${nth}`)
}

async function begin(state: State = stateOf()): Promise<Known> {
  const known = await Known.load(state)
  if (known.folder === undefined) known.setFolder(folder)
  return known
}

describe('compare', () => {
  it('tells nothing of what is in a folder that can not be read', async () => {
    const known = await begin()
    await look(known, [found('a/b/x'), found('a/bc'), found('d')])
    assert.deepEqual(await look(known, [], { unread: [Buffer.from('a/b')] }), ['gone a/bc 2', 'gone d 2'])
    assert.deepEqual(await look(known, [], { unread: [Buffer.from('')] }), [])
    assert.deepEqual(await look(known, [found('a/b/x')]), [])
    assert.deepEqual(await look(known, []), ['gone a/b/x 2'])
  })

  it('continues where the state was saved', async () => {
    const state = stateOf()
    const known = await begin(state)
    await look(known, [found('a'), found('b')])
    assert.equal(known.save(state), true)
    assert.equal(known.save(state), false)
    assert.deepEqual(await look(await begin(state), [found('a', 2), found('b')]), ['changed a 2'])
    // What was not saved happens again, in the same words.
    assert.deepEqual(await look(await begin(state), [found('a', 2), found('b')]), ['changed a 2'])
  })

  it('writes only the part of the state that changed', async () => {
    const state = stateOf()
    const known = await begin(state)
    const files = Array.from({ length: 5000 }, (_, n) => found(`file ${n}`))
    await look(known, files)
    known.save(state)
    const before = new Map(state.values)
    await look(known, [...files.slice(1), found('file 0', 2)])
    known.save(state)
    assert.equal([...state.values].filter(([key, value]) => before.get(key) !== value).length, 1)
  })

  it('forgets files that have long been gone, and keeps counting', async () => {
    const state = stateOf()
    let known = await begin(state)
    for (let round = 0; round < 3; round++) {
      const files = Array.from({ length: 5000 }, (_, n) => found(`${round} ${n}`))
      await look(known, files, { now: round })
      await look(known, [], { now: round })
      known.save(state)
      known = await begin(state)
    }
    assert.ok([...known.entries()].length <= 10_000)
    assert.deepEqual(await look(known, [found('0 0')]), ['appeared 0 0 3'])
  })
})
