import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../lib/core/clock.ts'
import { agent, listener, on, start } from '../../lib/index.ts'
import { draftsOf } from '../../lib/testing/log-bench.ts'
import { FaultySource, faultyLog, turns } from '../level/faults.ts'
import { until } from '../support/until.ts'
import { handoverSuite } from './handover.ts'

describe('a listener whose consumer another opening takes, and fails to open', () => {
  it('handles the events of a key in order, though the results of the first were dropped', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: systemClock })
    const begun: number[] = []
    const go = new Map<number, () => void>()
    const hear = listener(
      'hear',
      on('it'),
      async ({ seq }, { state }) => {
        begun.push(seq)
        const before = (await state.get<number[]>('handled')) ?? []
        if (begun.indexOf(seq) === begun.length - 1) await new Promise<void>((resolve) => go.set(seq, resolve))
        state.set('handled', [...before, seq])
      },
      { from: 'start', ordered: true, concurrency: 2 },
    )
    const running = await start(agent('a', [hear]), { log, logger: false })
    await log.accept(draftsOf(2))
    await until(() => go.has(1))
    source.hold()
    const moved = assert.rejects(log.consumer('hear', { start: 1, move: true }), /input\/output error/)
    await until(() => source.waiting > 0)
    go.get(1)?.()
    await until(() => go.has(2))
    // The read after the write with which the consumer retires.
    source.failAt(1)
    source.release()
    await moved
    // The agent's own pull continues.
    await turns()
    go.get(2)?.()
    await until(() => begun.length === 4)
    await running.drained()
    assert.deepEqual((await log.store('listener/hear').get('handled'))?.value, [1, 2])
    await running.stop()
    await log.close()
  })
})

handoverSuite(10, 'fast')
