import assert from 'node:assert/strict'
import { lastValueFrom, toArray } from 'rxjs'
import { brand } from '../../lib/core/brand.ts'
import {
  type AnyEventType,
  agent,
  type ContextParts,
  type Draft,
  type Job,
  type Log,
  listener,
  manual,
  memoryLog,
  on,
  type Running,
  type RunReport,
  runOnce,
  type StoredEvent,
  type Stream,
  start,
  type World,
} from '../../lib/index.ts'
import type { VirtualClock } from '../../lib/testing/virtual-clock.ts'

/** What ends with a test. */
interface Test {
  after(work: () => unknown): void
}

/** An agent of one stream, in which nothing runs by itself, and the events that it told. */
export interface WatchedAgent {
  readonly running: Running
  readonly log: Log
  /** The events that were delivered, oldest first. */
  readonly told: readonly StoredEvent[]
  /** Runs a job now, by its name with or without the stream's; default the first. Resolves when everything is delivered. */
  look(job?: string): Promise<RunReport>
  /** Like `look`, but the run must succeed. */
  see(job?: string): Promise<RunReport>
}

/** Secrets by name, for a test's world: `{ secret: secretsOf({ GITHUB_TOKEN: 'x' }) }`. */
export function secretsOf(values: Readonly<Record<string, string>>): (name: string) => string {
  return (name) => {
    const value = values[name]
    assert.ok(value !== undefined, `nothing asked for the secret ${name} in this test`)
    return value
  }
}

/**
 * Starts an agent of a stream on a log in memory; it stops when the test ends. Under a virtual `clock`, the schedules of
 * its jobs start nothing.
 *
 * @param log default a log of its own
 */
export async function watchStream(
  t: Test,
  stream: Stream,
  world: Partial<World> = {},
  { clock, log: given }: { readonly clock?: VirtualClock; readonly log?: Log } = {},
): Promise<WatchedAgent> {
  const told: StoredEvent[] = []
  const hear = listener(
    'hear',
    on(...(stream.eventTypes as [AnyEventType, ...AnyEventType[]])),
    (event) => void told.push(event),
    { from: 'start' },
  )
  const log = given ?? (await memoryLog(clock === undefined ? {} : { clock }))
  const parts = clock === undefined ? [stream] : stream.jobs.map(onDemand)
  const under = clock === undefined ? {} : { clock }
  const running = await start(agent('watch', [...parts, hear]), { log, logger: false, world, ...under })
  t.after(async () => {
    await stopped(running, clock)
    if (given === undefined) await log.close()
  })
  const look = async (job?: string): Promise<RunReport> => {
    const one = stream.jobs.find(({ name }) => job === undefined || name === job || name.endsWith(`.${job}`))
    assert.ok(one, `the stream has no job ${job}`)
    const report = await running.trigger(one.name)
    assert.ok(report, 'the run was skipped')
    await running.drained()
    return report
  }
  const see = async (job?: string): Promise<RunReport> => {
    const report = await look(job)
    assert.equal(report.error, undefined, report.error?.message)
    return report
  }
  return { running, log, told, look, see }
}

/** The same job, without its schedule. */
function onDemand(one: Job): Job {
  return brand('job', { ...one, schedule: manual() })
}

/** Stops an agent; its virtual clock passes the time that its runs get to end. */
export async function stopped(running: Running, clock?: VirtualClock): Promise<void> {
  let ended = false
  const stopping = running.stop().finally(() => (ended = true))
  for (let passed = 0; clock !== undefined && passed < 12 && !ended; passed++)
    await clock.advance(passed === 0 ? 0 : 1000)
  await stopping
}

/** The drafts of one run of a stream's job, without a log; default its first job. */
export async function draftsOf(stream: Stream, context: ContextParts = {}, job?: string): Promise<Draft[]> {
  const one = stream.jobs.find(({ name }) => job === undefined || name.endsWith(`.${job}`))
  assert.ok(one, `the stream has no job ${job}`)
  return lastValueFrom(runOnce(one, context).pipe(toArray()))
}
