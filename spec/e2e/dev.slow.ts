import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Editing, kinds } from './dev-edits.ts'

const EDITS = 50

describe('tidings dev', () => {
  it('survives fifty random edits: each difference is right, each listener hears each event once', async (t) => {
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
    console.log(`seed ${seed}: repeat with SEED=${seed}`)
    const edit = fc.record({ kind: fc.constantFrom(...kinds), a: fc.nat(1000), b: fc.nat(1000) })
    const editing = new Editing(t)
    await editing.begin()
    for (const [i, each] of fc.sample(edit, { seed, numRuns: EDITS }).entries()) {
      t.diagnostic(`${i + 1}: ${JSON.stringify(each)}`)
      await editing.edit(each)
    }
    await editing.end()
  })
})
