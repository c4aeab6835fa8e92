import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JobContext } from '../../../lib/index.ts'
import { Deadband, type Readings } from '../../../streams/shared/deadband.ts'

/** Looks again and again; each look gives the versions of what it saw. */
function looks() {
  const stored = new Map<string, unknown>()
  let writes = 0
  let now = 0
  const state = {
    get: async (key: string) => stored.get(key),
    set: (key: string, value: unknown) => {
      writes++
      stored.set(key, JSON.parse(JSON.stringify(value)))
    },
  }
  const context = { state, now: () => now } as unknown as JobContext
  const look = async (seen: Readonly<Record<string, Readings>>, at = now, until = 1000): Promise<string[]> => {
    now = at
    const deadband = await Deadband.of(context)
    const versions = Object.entries(seen).map(([name, readings]) => deadband.version(name, readings, { n: 2 }, until))
    deadband.save()
    return versions
  }
  return { look, writes: () => writes, knows: async (name: string) => (await Deadband.of(context)).knows(name) }
}

describe('a deadband', () => {
  const versions = async (values: readonly Readings[]): Promise<number[]> => {
    const { look } = looks()
    const seen: string[] = []
    const numbers: number[] = []
    for (const one of values) {
      const [version = ''] = await look({ a: one })
      if (seen.at(-1) !== version) seen.push(version)
      numbers.push(seen.length)
    }
    return numbers
  }

  it('compares numbers with what was told last, not with the last look', async () => {
    const drift = [0, 1, 1.9, 2, 3, 3.9, 4, 2.1, 2].map((n) => ({ n }))
    assert.deepEqual(await versions(drift), [1, 1, 1, 2, 2, 2, 3, 3, 4])
  })

  it('sees every other change, null and another choice of fields among them', async () => {
    const all = [{ n: 1 }, { n: null }, { n: null }, { n: 1 }, { n: 1, b: 'x' }, { n: 1, b: 'y' }, { m: 1, b: 'y' }]
    assert.deepEqual(await versions(all), [1, 2, 2, 3, 4, 5, 6])
  })

  it('remembers what it does not see, until it does not matter', async () => {
    const { look, knows } = looks()
    const [first] = await look({ a: { n: 1 } })
    await look({ b: { n: 1 } }, 999)
    assert.ok(await knows('a'))
    assert.deepEqual(await look({ a: { n: 2 } }, 999), [first])
    await look({}, 1001)
    assert.ok(!(await knows('a')))
  })

  it('writes only what is new', async () => {
    const { look, writes } = looks()
    for (const n of [1, 1.5, 2]) await look({ a: { n } })
    assert.equal(writes(), 1)
  })
})
