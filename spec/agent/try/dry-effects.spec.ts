import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { OperatorFunction } from 'rxjs'
import { type DryEffect, dryEffects, dryHost, wouldBe } from '../../../lib/agent/try/dry-effects.ts'
import { silentLogger } from '../../../lib/core/logger.ts'
import { processSecrets } from '../../../lib/core/secrets.ts'
import { changed, digest, settled } from '../../../lib/filters.ts'
import { listener, on, type StoredEvent } from '../../../lib/index.ts'
import { type Place, place } from '../../support/agent-harness.ts'

type Said = StoredEvent<string, { n: number }>

/** What deliveries of drafts with these numbers would do. */
async function effectsOf(
  { log }: Place,
  filter: OperatorFunction<Said, unknown>,
  numbers: readonly number[],
  memory: 'log' | 'none' = 'log',
): Promise<DryEffect[]> {
  const hears = listener('hear', on('said').pipe(filter as never), () => assert.fail('called'))
  const host = dryHost(log, silentLogger, processSecrets())
  const drafts = numbers.map((n, i) => ({ type: 'said', identifier: `dry ${i}`, data: { n }, status: 'new' as const }))
  const effects: DryEffect[] = []
  for await (const effect of dryEffects(hears, await wouldBe(drafts, host), host, memory)) effects.push(effect)
  return effects
}

const brief = ({ event, would, calls, batch, until }: DryEffect): unknown[] => [
  event.seq,
  would,
  ...calls.map(({ value }) => [value].flat().map((each) => (each as Said).data.n)),
  ...(batch === undefined ? [] : [batch]),
  ...(until === undefined ? [] : [until]),
]

/** Runs a digest in an agent on events with these numbers. */
async function collected(
  at: Place,
  filter: OperatorFunction<Said, unknown>,
  numbers: readonly number[],
): Promise<void> {
  const hears = listener('hear', on('said').pipe(filter as never), () => undefined, { from: 'start' })
  for (const n of numbers) await at.log.accept([{ type: 'said', identifier: `${n}`, data: { n } }])
  const running = await at.begin([hears])
  await at.clock.advance(10)
  await at.end(running)
}

describe('dry deliveries to filters that wait', () => {
  const briefly = async (t: TestContext, ...rest: [OperatorFunction<Said, unknown>, number[], ('log' | 'none')?]) =>
    (await effectsOf(await place(t), ...rest)).map(brief)

  it('show each batch as one call, and who waits for the next', async (t) => {
    assert.deepEqual(await briefly(t, digest({ size: 2 }), [1, 2, 3]), [
      [1, 'call', [1, 2], [1, 2]],
      [3, 'wait'],
    ])
  })

  it('show the batch that a new event completes with those that the log has collected', async (t) => {
    const at = await place(t)
    await collected(at, digest({ size: 3 }), [1, 2])
    const effects = await effectsOf(at, digest({ size: 3 }), [3])
    assert.deepEqual(effects.map(brief), [[1, 'call', [1, 2, 3], [1, 2, 3]]])
    assert.equal(effects[0]?.status, 'stored')
  })

  it('say until when they wait, and leave out what another value replaces', async (t) => {
    const until = (await place(t)).clock.now() + 60_000
    assert.deepEqual(await briefly(t, settled('data.n', '1m'), [1, 1, 2]), [
      [2, 'drop'],
      [1, 'drop'],
      [3, 'wait', until],
    ])
  })

  it('decide what waits where the trial would: at the end', async (t) => {
    assert.deepEqual(await briefly(t, settled('data.n', '1m'), [1, 2], 'none'), [
      [1, 'drop'],
      [2, 'call', [2]],
    ])
    assert.deepEqual(await briefly(t, digest({ size: 5 }), [1, 2], 'none'), [[1, 'call', [1, 2], [1, 2]]])
  })

  it('follow what is due by now', async (t) => {
    const at = await place(t)
    const host = dryHost(at.log, silentLogger, processSecrets())
    for (const n of [1, 2]) await at.log.accept([{ type: 'said', identifier: `${n}`, data: { n } }])
    await at.clock.advance(120_000)
    const hears = listener('hear', on('said').pipe(settled('data.n', '1m')), () => undefined)
    const effects: DryEffect[] = []
    const stored = (await at.events()).map((event) => ({ event, status: 'stored' as const }))
    for await (const effect of dryEffects(hears, stored, host, 'log')) effects.push(effect)
    assert.deepEqual(effects.map(brief), [
      [1, 'drop'],
      [2, 'call', [2]],
    ])
  })

  it('pass others as they come', async (t) => {
    assert.deepEqual(await briefly(t, changed('data.n'), [1, 1, 2]), [
      [1, 'call', [1]],
      [2, 'drop'],
      [3, 'call', [2]],
    ])
  })
})
