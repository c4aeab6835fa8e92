import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { prometheusText } from '../../../lib/agent/operations/prometheus-text.ts'
import { fitSeries } from '../../../lib/agent/operations/series-budget.ts'
import { Histogram } from '../../../lib/core/histogram.ts'
import {
  agent,
  connect,
  every,
  job,
  type Log,
  listener,
  manual,
  memoryLog,
  on,
  operations,
  Park,
  start,
  where,
} from '../../../lib/index.ts'
import { notes } from '../../support/agent-harness.ts'
import { type Parsed, parsePrometheus } from '../../support/prometheus.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

async function emptyLog(t: TestContext): Promise<Log> {
  const log = await memoryLog()
  t.after(() => log.close())
  return log
}

/** The value of a series, by its name and its labels. */
function valueOf(parsed: Parsed, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  for (const { series } of parsed.values())
    for (const each of series)
      if (each.name === name && Object.entries(labels).every(([key, text]) => each.labels.get(key) === text))
        return each.value
  return undefined
}

/** The names and labels of all series. */
function seriesIn(parsed: Parsed): string[] {
  return [...parsed.values()].flatMap(({ series }) =>
    series.map(({ name, labels }) => `${name} ${JSON.stringify([...labels])}`),
  )
}

describe('metrics', () => {
  it('count drafts, runs and deliveries of a running agent', async (t) => {
    const log = await emptyLog(t)
    const directory = temporaryDirectory(t)
    const odd = 'he "said"\nso\\n'
    let run = 0
    const parts = [
      job('poll', manual(), async ({ publish }) => {
        run += 1
        await publish('seen', '1', run)
        await publish('seen', String(run), run)
        if (run === 3) throw new Error('no luck')
      }),
      job('later', every(1).hour, () => undefined),
      listener(odd, on('seen'), () => undefined),
      listener('sift', on('seen').pipe(where((event) => event.data === 0)), () => undefined),
      listener('refuse', on('seen'), () => {
        throw new Park('no')
      }),
    ]
    const running = await start(agent('a', parts), { log, logger: false, serve: directory })
    t.after(() => running.stop())
    for (let n = 0; n < 3; n++) await running.trigger('poll')
    await running.drained()
    await assert.rejects(running.publish('seen', '', 1))
    const asked = await connect(directory)
    const parsed = parsePrometheus((await asked?.metrics()) ?? '')
    const value = (name: string, labels = {}) => valueOf(parsed, `tidings_${name}`, labels)
    assert.equal(value('info', { agent: 'a', node: process.version }), 1)
    assert.deepEqual(
      ['new', 'changed', 'duplicate', 'refused'].map((status) => value('accepts_total', { type: 'seen', status })),
      [3, 0, 3, 1],
    )
    const runs = (status: string) => value('job_runs_total', { job: 'poll', status })
    assert.deepEqual([runs('done'), runs('failed'), runs('missed')], [2, 1, 0])
    assert.equal(value('job_duration_seconds_count', { job: 'poll' }), 3)
    assert.ok(Number(value('job_last_success_timestamp_seconds', { job: 'poll' })) > Date.now() / 1000 - 600)
    assert.ok(Number(value('job_next_run_timestamp_seconds', { job: 'later' })) > Date.now() / 1000 - 600)
    assert.ok(Number.isNaN(value('job_last_success_timestamp_seconds', { job: 'later' })))
    const deliveries = (name: string) =>
      ['handled', 'passed', 'retry', 'parked'].map((outcome) => value('deliveries_total', { listener: name, outcome }))
    assert.deepEqual(deliveries(odd), [3, 0, 0, 0])
    assert.deepEqual(deliveries('sift'), [0, 3, 0, 0])
    assert.deepEqual(deliveries('refuse'), [0, 0, 0, 3])
    assert.equal(value('delivery_duration_seconds_count', { listener: 'sift' }), 0)
    assert.equal(value('listener_events', { listener: 'refuse', state: 'parked' }), 3)
    assert.deepEqual([value('attention', { kind: 'parked' }), value('attention', { kind: 'job-failing' })], [1, 1])
    assert.deepEqual([value('problems', { kind: 'log' }), value('log_failed')], [0, 0])
    assert.ok(Number(value('commit_duration_seconds_count')) > 0)
    assert.ok(Number(value('process_resident_memory_bytes')) > 1e6)
    const again = parsePrometheus((await asked?.metrics()) ?? '')
    assert.deepEqual(seriesIn(again), seriesIn(parsed))
  })

  it('of a resting log are what the log knows', async (t) => {
    const log = await emptyLog(t)
    const parts = [
      job('poll', manual(), ({ publish }) => publish('seen', '1', 1)),
      listener('hear', on('seen'), () => 1),
    ]
    const running = await start(agent('a', parts), { log, logger: false })
    await running.trigger('poll')
    await running.drained()
    await running.stop()
    const parsed = parsePrometheus(await operations(log).metrics())
    assert.equal(valueOf(parsed, 'tidings_log_last_seq'), 1)
    assert.equal(valueOf(parsed, 'tidings_problems', { kind: 'agent' }), 1)
    assert.equal(valueOf(parsed, 'tidings_listener_events', { listener: 'hear', state: 'behind' }), 0)
    assert.ok(Number(valueOf(parsed, 'tidings_job_last_success_timestamp_seconds', { job: 'poll' })) > 0)
    assert.equal(parsed.has('tidings_accepts_total'), false)
    assert.equal(parsed.has('tidings_process_start_time_seconds'), false)
  })

  it('remember a success from before a restart', async (t) => {
    const log = await emptyLog(t)
    const directory = temporaryDirectory(t)
    const made = agent('a', [job('poll', manual(), () => undefined)])
    const first = await start(made, { log, logger: false })
    await first.trigger('poll')
    await first.stop()
    const second = await start(made, { log, logger: false, serve: directory })
    t.after(() => second.stop())
    const parsed = parsePrometheus((await (await connect(directory))?.metrics()) ?? '')
    assert.ok(Number(valueOf(parsed, 'tidings_job_last_success_timestamp_seconds', { job: 'poll' })) > 0)
    assert.equal(valueOf(parsed, 'tidings_job_runs_total', { job: 'poll', status: 'done' }), 0)
  })

  it('have at most 101 types, also of drafts that are refused', async (t) => {
    const log = await emptyLog(t)
    await log.accept(Array.from({ length: 200 }, (_, i) => ({ type: `t${i}`, identifier: '1', data: i })))
    for (let i = 0; i < 300; i++)
      await log.accept([{ type: `bad${i}`, identifier: '', data: 1 }]).catch(() => undefined)
    const { types } = log.meter
    assert.equal(types.size, 101)
    assert.deepEqual(types.get('other')?.accepts, { new: 100, changed: 0, duplicate: 0, refused: 300 })
    assert.deepEqual(types.get('t0')?.accepts, { new: 1, changed: 0, duplicate: 0, refused: 0 })
  })

  it('say once that there are too many series', { timeout: 120_000 }, async (t) => {
    const log = await emptyLog(t)
    const directory = temporaryDirectory(t)
    const logger = notes()
    const parts = Array.from({ length: 500 }, (_, i) => listener(`l${i}`, on(`t${i}`), () => undefined))
    const running = await start(agent('a', parts), { log, logger, serve: directory })
    t.after(() => running.stop())
    const asked = await connect(directory)
    await asked?.metrics()
    const parsed = parsePrometheus((await asked?.metrics()) ?? '')
    assert.ok(seriesIn(parsed).length <= 10_000)
    assert.equal(valueOf(parsed, 'tidings_deliveries_total', { listener: 'l499', outcome: 'handled' }), 0)
    assert.deepEqual(
      parsed.get('tidings_delivery_duration_seconds')?.series.filter(({ labels }) => labels.has('listener')),
      [],
    )
    assert.deepEqual(logger.said('too many series: metrics reduced'), [
      { metrics: ['tidings_delivery_duration_seconds'] },
    ])
  })
})

describe('the budget of series', () => {
  const histogram = (value: number): Histogram => {
    const made = new Histogram([1, 2])
    made.observe(value)
    return made
  }
  const many = (name: string, label: string, count: number) => ({
    name,
    type: 'histogram' as const,
    help: name,
    samples: Array.from({ length: count }, (_, i) => ({ labels: { [label]: String(i) }, value: histogram(i) })),
  })

  it('first takes the label of histograms of listeners, then of jobs, then samples', () => {
    const all = [many('l', 'listener', 10), many('j', 'job', 10)]
    assert.deepEqual(fitSeries(all, 100).reduced, [])
    const one = fitSeries(all, 99)
    assert.deepEqual(one.reduced, ['l'])
    assert.match(
      prometheusText(one.metrics),
      /^l_bucket\{le="1"\} 2\nl_bucket\{le="2"\} 3\nl_bucket\{le="\+Inf"\} 10\nl_sum 45\n/m,
    )
    assert.deepEqual(fitSeries(all, 54).reduced, ['l', 'j'])
    assert.ok(seriesIn(parsePrometheus(prometheusText(fitSeries(all, 9).metrics))).length <= 9)
  })
})
