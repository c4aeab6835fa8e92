import { processStart } from '../../core/clock.ts'
import { SECOND } from '../../core/time-units.ts'
import { history } from '../../job/run-report.ts'
import type { LevelLog } from '../../level/level-log.ts'
import type { Log } from '../../log/port.ts'
import type { Stats } from '../../log/upkeep.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { ATTENTION_KINDS, type Attention, attentionOf } from '../run/attention.ts'
import { type Health, type JobHealth, type ListenerHealth, problemsOf } from '../run/health.ts'
import { packageVersion } from '../run/package-version.ts'
import { partsAsLeft } from './health.ts'
import { LoopDelay } from './loop-delay.ts'
import { type Metric, prometheusText, type Sample } from './prometheus-text.ts'
import { fitSeries } from './series-budget.ts'

// Decision 0068: numbers that the engine counts itself, in one format that everything reads.

/**
 * The metrics of a log, and of the agent that runs on it. Labels are names of jobs, listeners and types, and words of the
 * engine; never identifiers, seqs, slots or texts of errors. An unknown value is NaN, so that two answers have the same
 * series.
 */
export class Metrics {
  readonly #log: Log
  readonly #agent: AgentControl | undefined
  readonly #all: (() => Promise<Health>) | undefined
  readonly #loop: LoopDelay
  /** When the last run before the start of the agent succeeded, by job. */
  readonly #succeeded = new Map<string, number>()
  #saidReduced = false

  /** `all`: asks all agents on the log; they are asked only if none runs here, since each has numbers of its own. */
  constructor(log: Log, agent?: AgentControl, all?: () => Promise<Health>) {
    this.#log = log
    this.#agent = agent
    this.#all = agent === undefined ? all : undefined
    this.#loop = new LoopDelay(log.committed$)
  }

  /** The text for Prometheus. */
  async text(): Promise<string> {
    const { metrics, reduced } = fitSeries(await this.#metrics())
    if (reduced.length > 0 && !this.#saidReduced) {
      this.#saidReduced = true
      this.#agent?.logger.warn({ metrics: reduced }, 'too many series: metrics reduced')
    }
    const text = prometheusText(metrics)
    return this.#agent?.scrub(text) ?? text
  }

  async #metrics(): Promise<readonly Metric[]> {
    const [log, agent] = [this.#log, this.#agent]
    const known = await this.#known().catch((): Known => ({ running: agent !== undefined, jobs: [], listeners: [] }))
    // Another agent has the numbers of what this one only stands by for.
    const parts = { jobs: known.jobs.filter(isHere), listeners: known.listeners.filter(isHere) }
    const attention = await attentionOf(log, parts).catch(() => [])
    const health = { running: known.running, log: { state: log.state }, ...parts }
    return [
      gauge('info', 'What runs here; always 1.', infoOf(known.agent), 1),
      ...(agent === undefined ? [] : acceptsOf(log)),
      ...(await logMetrics(log)),
      ...(agent === undefined ? [] : commitsOf(log)),
      ...(await this.#jobs(parts.jobs)),
      ...this.#listeners(parts.listeners),
      ...needs(health, attention),
      ...(agent === undefined ? [] : this.#process()),
    ]
  }

  async #known(): Promise<Known> {
    const agent = this.#agent
    if (this.#all !== undefined) return this.#all()
    if (agent === undefined) return { running: false, ...(await partsAsLeft(this.#log)) }
    return { running: true, agent: agent.agent, ...(await agent.health()) }
  }

  async #jobs(jobs: readonly JobHealth[]): Promise<readonly Metric[]> {
    const labelled = jobs.map((job) => ({ ...job, labels: { job: job.name } }))
    const succeeded: Sample[] = []
    for (const { name, labels } of labelled) succeeded.push({ labels, value: seconds(await this.#success(name)) })
    const meters = this.#agent?.meters
    const counted = labelled.map(({ name, labels }) => ({ labels, meter: meters?.job(name) }))
    return [
      metric(
        'job_runs_total',
        'counter',
        'Runs by how they ended, and slots without a run.',
        counted.flatMap(({ labels, meter }) =>
          Object.entries(meter?.runs ?? {}).map(([status, value]) => ({ labels: { ...labels, status }, value })),
        ),
      ),
      metric(
        'job_duration_seconds',
        'histogram',
        'How long runs took.',
        counted.flatMap(({ labels, meter }) => (meter === undefined ? [] : [{ labels, value: meter.seconds }])),
      ),
      metric(
        'job_late_seconds',
        'histogram',
        'How late runs began after their slots.',
        counted.flatMap(({ labels, meter }) => (meter === undefined ? [] : [{ labels, value: meter.late }])),
      ),
      metric('job_last_success_timestamp_seconds', 'gauge', 'When the last successful run ended.', succeeded),
      metric(
        'job_next_run_timestamp_seconds',
        'gauge',
        'When the job runs next.',
        meters === undefined ? [] : labelled.map(({ labels, next }) => ({ labels, value: seconds(next) })),
      ),
      metric(
        'job_running',
        'gauge',
        'Whether a run is in progress.',
        meters === undefined
          ? []
          : labelled.map(({ labels, running }) => ({ labels, value: Number(running === true) })),
      ),
      metric(
        'job_paused',
        'gauge',
        'Whether the job is paused.',
        labelled.map(({ labels, paused }) => ({ labels, value: Number(paused === true) })),
      ),
    ]
  }

  // Runs before the start do not change: their history is read once for each job.
  async #success(job: string): Promise<number | undefined> {
    const own = this.#agent?.meters.job(job).succeeded
    if (own !== undefined) return own
    let known = this.#agent === undefined ? undefined : this.#succeeded.get(job)
    if (known === undefined) {
      known = await lastSuccess(this.#log, job).catch(() => undefined)
      if (known !== undefined) this.#succeeded.set(job, known)
    }
    return known
  }

  #listeners(listeners: readonly ListenerHealth[]): readonly Metric[] {
    const labelled = listeners.map((each) => ({ ...each, labels: { listener: each.name } }))
    const meters = this.#agent?.meters
    const counted = labelled.map(({ name, labels }) => ({ labels, meter: meters?.listener(name) }))
    return [
      metric(
        'listener_events',
        'gauge',
        'Events that are not settled, by what they wait for.',
        labelled.flatMap(({ labels, behind, running, retrying, parked }) =>
          Object.entries({ behind, running, retrying, parked }).map(([state, value]) => {
            return { labels: { ...labels, state }, value }
          }),
        ),
      ),
      metric(
        'listener_oldest_timestamp_seconds',
        'gauge',
        'When the oldest event that is not handled was accepted.',
        meters === undefined ? [] : labelled.map(({ labels, oldest }) => ({ labels, value: seconds(oldest) })),
      ),
      metric(
        'listener_paused',
        'gauge',
        'Whether the listener is paused.',
        labelled.map(({ labels, paused }) => ({ labels, value: Number(paused === true) })),
      ),
      metric(
        'deliveries_total',
        'counter',
        'Deliveries by how they ended.',
        counted.flatMap(({ labels, meter }) =>
          Object.entries(meter?.deliveries ?? {}).map(([outcome, value]) => ({
            labels: { ...labels, outcome },
            value,
          })),
        ),
      ),
      metric(
        'delivery_duration_seconds',
        'histogram',
        'How long handlers took, without events that filters held back.',
        counted.flatMap(({ labels, meter }) => (meter === undefined ? [] : [{ labels, value: meter.seconds }])),
      ),
    ]
  }

  #process(): readonly Metric[] {
    return [
      metric(
        'event_loop_delay_seconds',
        'summary',
        'How long timers waited for the event loop, since the metrics were asked before.',
        this.#loop.quantiles().map(({ quantile, seconds: value }) => ({ labels: { quantile }, value })),
      ),
      gauge('process_resident_memory_bytes', 'Memory of the process.', {}, process.memoryUsage.rss()),
      gauge('process_start_time_seconds', 'When the process started.', {}, processStart() / SECOND),
    ]
  }
}

/** What runs on the log. */
type Known = Pick<Health, 'running' | 'agent' | 'jobs' | 'listeners'>

function metric(name: string, type: Metric['type'], help: string, samples: readonly Sample[]): Metric {
  return { name: `tidings_${name}`, type, help, samples }
}

function gauge(name: string, help: string, labels: Sample['labels'], value: number): Metric {
  return metric(name, 'gauge', help, [{ labels, value }])
}

/** An instant in seconds since the epoch; NaN without one. */
function seconds(at: string | number | undefined): number {
  if (at === undefined) return Number.NaN
  return (typeof at === 'number' ? at : Date.parse(at)) / SECOND
}

function isHere({ standby }: JobHealth | ListenerHealth): boolean {
  return standby !== true
}

function infoOf(agent = ''): Sample['labels'] {
  const version = packageVersion()
  return { agent, version, node: process.version }
}

function acceptsOf({ meter }: Log): readonly Metric[] {
  const samples = Array.from(meter.types, ([type, { accepts }]) =>
    Object.entries(accepts).map(([status, value]) => ({ labels: { type, status }, value })),
  )
  return [metric('accepts_total', 'counter', 'Drafts that the log has answered, by its answer.', samples.flat())]
}

function commitsOf({ meter }: Log): readonly Metric[] {
  return [
    metric('commit_duration_seconds', 'histogram', 'How long commits took.', [
      { labels: {}, value: meter.commitSeconds },
    ]),
    metric('commit_events', 'histogram', 'How many events commits had.', [{ labels: {}, value: meter.commitEvents }]),
  ]
}

async function logMetrics(log: Log): Promise<readonly Metric[]> {
  const last = await log.last().catch(() => Number.NaN)
  const stats = 'stats' in log ? await (log as LevelLog).stats().catch(() => undefined) : undefined
  const { events, disk = Number.NaN, free = Number.NaN }: Partial<Stats> = stats ?? {}
  return [
    gauge('log_last_seq', 'The seq of the newest event.', {}, last),
    gauge('log_events', 'How many events the log has.', {}, events?.count ?? Number.NaN),
    gauge('disk_bytes', 'The size of the log on disk.', {}, disk),
    gauge('disk_free_bytes', 'The free space on its disk.', {}, free),
    gauge(
      'log_failed',
      'Whether the log accepts nothing, because a write has failed.',
      {},
      Number(log.state === 'failed'),
    ),
  ]
}

async function lastSuccess(log: Log, job: string): Promise<number | undefined> {
  for await (const { status, began, ms } of history(log, job, { reverse: true }))
    if ((status === 'done' || status === 'cancelled') && began !== undefined) return Date.parse(began) + ms
  return undefined
}

/** What is wrong, and what needs a person: always every kind, so that an alert sees 0 when all is well. */
function needs(health: Omit<Health, 'problems'>, attention: readonly Attention[]): readonly Metric[] {
  const well = { running: true, log: { state: 'ready' as const }, jobs: [], listeners: [] }
  const { running, log, jobs, listeners } = health
  const problems = {
    agent: problemsOf({ ...well, running }),
    log: problemsOf({ ...well, log }),
    job: problemsOf({ ...well, jobs }),
    listener: problemsOf({ ...well, listeners }),
  }
  const needed = (kind: string): number => attention.filter((each) => each.kind === kind).length
  return [
    metric(
      'problems',
      'gauge',
      'Problems of the agent, its log, its jobs and its listeners.',
      Object.entries(problems).map(([kind, found]) => ({ labels: { kind }, value: found.length })),
    ),
    metric(
      'attention',
      'gauge',
      'What needs a person.',
      ATTENTION_KINDS.map((kind) => ({ labels: { kind }, value: needed(kind) })),
    ),
  ]
}
