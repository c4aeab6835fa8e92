import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job } from '../../../lib/job/job.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { every } from '../../../lib/schedule/index.ts'
import { place } from '../../support/agent-harness.ts'

const MINUTE = 60_000
const draft = (identifier: string) => ({ type: 'x', identifier, data: 1 })

describe('formerly, while the agent still has the older name', () => {
  for (const how of ['after it', 'before it', 'added'] as const) {
    it(`leaves its cursor to the listener of that name: ${how}`, async (t) => {
      const here = await place(t)
      const heard: string[] = []
      const hears = (name: string, formerly?: string) =>
        listener(
          name,
          on('x'),
          ({ identifier }) => void heard.push(`${name} ${identifier}`),
          formerly === undefined ? {} : { formerly },
        )
      const [old, copy] = [hears('old'), hears('copy', 'old')]
      await here.end(await here.begin([old]))
      await here.log.accept([draft('1')])
      const parts = how === 'after it' ? [old, copy] : how === 'before it' ? [copy, old] : [old]
      const running = await here.begin(parts)
      if (how === 'added') await running.add(copy)
      await running.drained()
      await here.log.accept([draft('2')])
      await running.drained()
      assert.deepEqual(heard.toSorted(), ['copy 2', 'old 1', 'old 2'])
      const warned = here.notes.lines.filter(({ level }) => level === 'warn')
      assert.deepEqual(
        warned.map(({ words, fields }) => [words, fields]),
        [
          [
            'formerly does nothing: the agent still has a listener of that name; remove it, or the option',
            { listener: 'copy', formerly: 'old' },
          ],
        ],
      )
    })
  }

  it('leaves its slots and state to the job of that name', async (t) => {
    const here = await place(t)
    const runs: string[] = []
    const counts = (name: string, formerly?: string) =>
      job(
        name,
        every(10).minutes,
        async ({ state, slot }) => {
          const n = await state.get<number>('n', 0)
          runs.push(`${name} ${slot.toISOString().slice(11, 16)} ${n}`)
          state.set('n', (n ?? 0) + 1)
        },
        formerly === undefined ? {} : { formerly },
      )
    const first = await here.begin([counts('old')])
    await here.clock.advance(15 * MINUTE)
    await here.end(first)
    await here.begin([counts('copy', 'old'), counts('old')])
    await here.clock.advance(10 * MINUTE)
    assert.deepEqual(runs, ['old 00:10 0', 'old 00:20 1', 'copy 00:25 0'])
  })
})
