import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { agent } from '../../lib/agent/define/agent.ts'
import { start } from '../../lib/agent/start.ts'
import type { State } from '../../lib/core/context.ts'
import type { Draft } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { job, type Run } from '../../lib/job/job.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import type { Log } from '../../lib/log/port.ts'
import { every, manual } from '../../lib/schedule/index.ts'
import { type Place, place, unhandled, wrap } from '../support/agent-harness.ts'

const made = eventType('made').of<{ n: number }>()
const identifiers = (events: readonly Draft[]) => events.map(({ identifier }) => identifier)
const stored = async ({ log }: Place, key: string) => (await log.store('job/make').get(key))?.value

/** Runs a job once, in an agent of its own. */
async function runOf(here: Place, run: Run, options: JobOptions = {}, log: Log = here.log) {
  const running = await here.begin([job('make', manual(), run, options)], { log })
  const report = await running.trigger('make')
  await here.end(running)
  return report
}

describe('the state of a job', () => {
  it('is visible to the run that writes it and to the next one, also after a restart', async (t) => {
    const here = await place(t)
    const seen: unknown[] = []
    const count: Run = async ({ state }) => {
      seen.push(await state.get('n'))
      state.set('n', { value: seen.length })
      seen.push(await state.get('n'))
      state.set('gone', true)
      state.delete('gone')
      seen.push(await state.get('gone'))
    }
    const running = await here.begin([job('make', every(10).seconds, count)])
    await here.clock.advance(10_000)
    assert.deepEqual(seen, [undefined, { value: 1 }, undefined])
    await here.clock.advance(10_000)
    assert.deepEqual(seen.slice(3), [{ value: 1 }, { value: 4 }, undefined])
    await here.end(running)
    await runOf(here, count)
    assert.deepEqual(seen.slice(6), [{ value: 4 }, { value: 7 }, undefined])
    assert.deepEqual([await stored(here, 'n'), await stored(here, 'gone')], [{ value: 7 }, undefined])
  })

  it('is deleted for good', async (t) => {
    const here = await place(t)
    await runOf(here, ({ state }) => state.set('n', 1))
    assert.equal(await stored(here, 'n'), 1)
    await runOf(here, async ({ state }) => {
      state.delete('n')
      assert.equal(await state.get('n'), undefined)
    })
    assert.equal(await stored(here, 'n'), undefined)
  })

  it('is stored when the run has ended, not before', async (t) => {
    const here = await place(t)
    const running = await here.begin([
      job('make', manual(), async ({ state, publish }) => {
        state.set('n', 1)
        await publish(made, '1', { n: 1 })
        await new Promise<void>((resolve) => void here.clock.timer(resolve, 10_000))
      }),
    ])
    const report = running.trigger('make')
    await here.clock.advance(9999)
    assert.deepEqual(identifiers(await here.events()), ['1'])
    assert.equal(await stored(here, 'n'), undefined)
    await here.clock.advance(1)
    await report
    assert.equal(await stored(here, 'n'), 1)
  })

  const failing: Record<string, Run> = {
    throws: () => {
      throw new Error('no')
    },
    'has a publish refused': ({ publish }) => {
      publish('made', '1', 1n)
    },
    'returns a bad draft': () => [made('1', { n: 1 }), { type: 'made', identifier: '2', data: 1n }],
    'returns only a bad draft': () => ({ type: 'made', identifier: '2', data: 1n }),
    'returns garbage': (() => 7) as unknown as Run,
  }
  for (const [how, run] of Object.entries(failing)) {
    it(`is dropped when the run ${how}`, async (t) => {
      const here = await place(t)
      await runOf(here, ({ state }) => state.set('kept', 'before'))
      const report = await runOf(here, (context) => {
        context.state.set('kept', 'changed')
        context.state.set('n', 1)
        return run(context)
      })
      assert.notEqual(report?.error, undefined)
      assert.deepEqual([await stored(here, 'kept'), await stored(here, 'n')], ['before', undefined])
    })
  }

  it('is dropped when the run exceeds its timeout, whatever it does later', async (t) => {
    const here = await place(t)
    const running = await here.begin([
      job(
        'make',
        manual(),
        async ({ state }) => {
          state.set('n', 1)
          await new Promise<void>((resolve) => void here.clock.timer(resolve, 5000))
        },
        { timeout: '1s' },
      ),
    ])
    const report = running.trigger('make')
    await here.clock.advance(10_000)
    assert.notEqual((await report)?.error, undefined)
    assert.equal(await stored(here, 'n'), undefined)
  })

  it('rejects values that are not JSON and invalid keys, which fails the run', async (t) => {
    const here = await place(t)
    for (const write of [
      (state: State) => state.set('at', new Date(0)),
      (state: State) => state.set('', 1),
      (state: State) => state.set('\ud800', 1),
      (state: State) => state.delete(''),
    ]) {
      const report = await runOf(here, ({ state }) => write(state))
      assert.match(String((report?.error as { code?: string })?.code), /^TIDINGS_/, write.toString())
    }
  })

  it('is separate for each job', async (t) => {
    const here = await place(t)
    const seen: unknown[] = []
    const running = await here.begin(
      ['a', 'b'].map((name) =>
        job(name, manual(), async ({ state }) => {
          seen.push(await state.get('n'))
          state.set('n', name)
        }),
      ),
    )
    for (const name of ['a', 'b', 'a', 'b']) await running.trigger(name)
    assert.deepEqual(seen, [undefined, undefined, 'a', 'b'])
  })

  it('is stored in one step with the last event that the run returned', async (t) => {
    for (const shape of ['array', 'async generator'] as const) {
      const here = await place(t)
      const steps: [string[], string[]][] = []
      const watched = wrap(here.log, {
        accept: (drafts, origin) => {
          const keys = (origin?.state ?? []).filter(({ namespace }) => namespace === 'job/make').map(({ key }) => key)
          steps.push([identifiers(drafts), keys])
          return here.log.accept(drafts, origin)
        },
      })
      const drafts = [1, 2, 3].map((n) => made(String(n), { n }))
      const run: Run = ({ state }) => {
        state.set('n', 3)
        return shape === 'array'
          ? drafts
          : (async function* () {
              yield* drafts
            })()
      }
      await runOf(here, run, {}, watched)
      const own = steps.filter(([, keys]) => keys.length > 0)
      assert.deepEqual(own, [[['3'], ['n']]], shape)
    }
  })
})

describe('a crash', () => {
  /** Every accept from the n-th on never happens, or happens and never resolves. Then the process is gone. */
  const crashing = (log: Log, at: number, how: 'rejects' | 'is lost' | 'is never answered') => {
    let accepts = 0
    let dead = false
    const wrapped = wrap(log, {
      claim: (...given) => (dead ? new Promise(() => undefined) : log.claim(...given)),
      plan: (...given) => (dead ? new Promise(() => undefined) : log.plan(...given)),
      accept: async (...given) => {
        accepts += 1
        if (accepts < at) return log.accept(...given)
        if (how === 'rejects') throw new Error('the log broke')
        if (how === 'is never answered' && accepts === at) await log.accept(...given)
        return new Promise(() => undefined)
      },
    })
    return { wrapped, kill: () => (dead = true) }
  }
  const shapes: Record<string, Run> = {
    array: async ({ state }) => {
      const n = ((await state.get<number>('n')) ?? 0) + 1
      state.set('n', n)
      return [1, 2, 3].map((i) => made(`${n}.${i}`, { n }))
    },
    published: async ({ state, publish }) => {
      const n = ((await state.get<number>('n')) ?? 0) + 1
      state.set('n', n)
      for (const i of [1, 2, 3]) await publish(made, `${n}.${i}`, { n })
    },
    generated: async function* ({ state }) {
      const n = ((await state.get<number>('n')) ?? 0) + 1
      for (const i of [1, 2, 3]) {
        await new Promise((resolve) => setImmediate(resolve))
        yield made(`${n}.${i}`, { n })
      }
      state.set('n', n)
    },
  }

  for (const [shape, run] of Object.entries(shapes)) {
    it(`anywhere in a run never leaves state ahead of events, and loses nothing over a restart: ${shape}`, async (t) => {
      for (const how of ['rejects', 'is lost', 'is never answered'] as const) {
        for (let at = 1; at <= 6; at++) {
          const here = await place(t)
          const seen = await unhandled(async () => {
            const part = job('make', every(10).seconds, run, { timeout: '2s' })
            const { wrapped, kill } = crashing(here.log, at, how)
            // Not started by `place`: it could not be stopped, since its log never answers.
            await start(agent('spec', [part]), { log: wrapped, clock: here.clock, logger: false })
            await here.clock.advance(15_000)
            kill()
            const n = ((await stored(here, 'n')) as number | undefined) ?? 0
            const there = new Set(identifiers(await here.events()))
            for (let run = 1; run <= n; run++) {
              for (const i of [1, 2, 3]) assert.ok(there.has(`${run}.${i}`), `${how} at ${at}: ${run}.${i}`)
            }
            await here.begin([part])
            await here.clock.advance(30_000)
          })
          assert.deepEqual(seen, [])
          const n = (await stored(here, 'n')) as number
          assert.ok(n >= 2, `${how} at ${at}: ${n}`)
          const told = identifiers(await here.events()).filter((identifier) => Number.parseInt(identifier) <= n)
          const expected = Array.from({ length: n }, (_, run) => [1, 2, 3].map((i) => `${run + 1}.${i}`)).flat()
          assert.deepEqual(told, expected, `${how} at ${at}`)
        }
      }
    })
  }
})

describe('the first run of a job', () => {
  const told = async (here: Place): Promise<string[]> => {
    const heard: string[] = []
    const running = await here.begin([
      listener(`hear ${here.clock.now()} ${Math.random()}`, on(made), (event) => void heard.push(event.identifier), {
        from: 'start',
      }),
    ])
    await here.clock.advance(100)
    await here.end(running)
    return heard
  }
  const batch = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => made(String(from + i), { n: from + i }))
  const ways: Record<string, (drafts: readonly Draft[]) => Run> = {
    returned: (drafts) => () => drafts,
    published:
      (drafts) =>
      ({ publish }) => {
        for (const { type, identifier, data } of drafts) publish(type, identifier, data)
      },
    generated: (drafts) =>
      async function* () {
        for (const draft of drafts) {
          await new Promise((resolve) => setImmediate(resolve))
          yield draft
        }
      },
  }

  for (const [way, runs] of Object.entries(ways)) {
    it(`tells all, none or the newest events, by \`first\` (${way})`, async (t) => {
      const cases: [JobOptions['first'], string[]][] = [
        [undefined, ['1', '2', '3', '4', '5']],
        ['tell', ['1', '2', '3', '4', '5']],
        ['record', []],
        [{ tell: 0 }, []],
        [{ tell: 2 }, ['4', '5']],
        [{ tell: 9 }, ['1', '2', '3', '4', '5']],
      ]
      for (const [first, expected] of cases) {
        const here = await place(t)
        const options = first === undefined ? {} : { first }
        const report = await runOf(here, runs(batch(1, 5)), options)
        assert.deepEqual([report?.error, report?.new], [undefined, 5])
        // All are stored, told or not.
        assert.deepEqual(identifiers(await here.events()).sort(), ['1', '2', '3', '4', '5'])
        assert.deepEqual(await told(here), expected, JSON.stringify(first))
        // From the second run on, new events are told, and no others.
        await runOf(here, runs(batch(1, 7)), options)
        assert.deepEqual((await told(here)).slice(expected.length), ['6', '7'])
      }
    })
  }

  it('is the first that succeeds: earlier failed runs, and restarts, tell nothing', async (t) => {
    for (const [first, expected] of [
      ['record', []],
      [{ tell: 2 }, ['5', '6']],
    ] as const) {
      const here = await place(t)
      for (const until of [2, 4]) {
        const report = await runOf(
          here,
          ({ publish }) => {
            for (const { type, identifier, data } of batch(1, until)) publish(type, identifier, data)
            throw new Error('not yet')
          },
          { first },
        )
        assert.equal(report?.error?.message, 'not yet')
        assert.deepEqual(await told(here), [])
      }
      assert.equal((await runOf(here, () => batch(1, 6), { first }))?.error, undefined)
      assert.deepEqual(await told(here), expected)
      await runOf(here, () => batch(1, 7), { first })
      assert.deepEqual(await told(here), [...expected, '7'])
    }
  })

  it('resolves publishes that are still undecided to `offered`, and rejects a bad one at once', async (t) => {
    const here = await place(t)
    const answers: unknown[] = []
    const report = await runOf(
      here,
      async ({ publish }) => {
        for (const n of [1, 2, 3]) answers.push((await publish(made, String(n), { n })).status)
        await publish('made', 'bad', 1n).catch((error) => answers.push(error.code))
      },
      { first: { tell: 2 } },
    )
    assert.deepEqual(answers, ['offered', 'offered', 'offered', 'TIDINGS_DATA_INVALID'])
    assert.notEqual(report?.error, undefined)
  })

  it('keeps the good ones of many drafts, even if the first is bad', async (t) => {
    const here = await place(t)
    const drafts = [made('1', { n: 1 }), { type: 'made', identifier: 'bad', data: 1n }, made('2', { n: 2 })]
    const report = await runOf(here, () => drafts, { first: { tell: 1 } })
    assert.ok(report?.error instanceof AggregateError)
    assert.equal(
      (await runOf(here, () => [made('1', { n: 1 }), made('2', { n: 2 })], { first: { tell: 1 } }))?.error,
      undefined,
    )
    assert.deepEqual(await told(here), ['2'])
  })

  it('counts a repeated identity once, at its first place, as the log does', async (t) => {
    for (const drafts of [
      [1, 2, 1, 3, 2],
      [1, 2, 3, 1],
      [1, 2, 3, 3, 3],
      [1, 1, 2, 2, 3, 1],
    ]) {
      const here = await place(t)
      const report = await runOf(here, () => drafts.map((n, i) => made(String(n), { n: n * 10 + i })), {
        first: { tell: 2 },
      })
      assert.deepEqual(await told(here), ['2', '3'], String(drafts))
      assert.deepEqual(identifiers(await here.events()), ['1', '2', '3'])
      assert.deepEqual([report?.new, report?.duplicate], [3, drafts.length - 3])
    }
  })

  it('ends with the last version of a versioned identity', async (t) => {
    const here = await place(t)
    const weather = eventType('weather').of<string>({ changed: true })
    const drafts = ['sun', 'rain', 'sun', 'sun'].map((now) => weather('here', now))
    await runOf(here, () => drafts, { first: { tell: 1 } })
    assert.equal((await here.log.get('weather', 'here'))?.data, 'sun')
    assert.equal((await here.events()).length, 3)
    assert.equal((await runOf(here, () => weather('here', 'sun'), { first: { tell: 1 } }))?.duplicate, 1)
  })

  it('tells the newest n of any number, in order', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.nat(12), fc.constantFrom(...Object.keys(ways)), async (count, tell, way) => {
        const here = await place(t)
        await runOf(here, (ways[way] as (typeof ways)[string])(batch(1, count)), { first: { tell } })
        assert.deepEqual(await told(here), tell === 0 ? [] : identifiers(batch(1, count)).slice(-tell))
        assert.equal((await here.events()).length, count)
      }),
      { numRuns: 30 },
    )
  })
})
