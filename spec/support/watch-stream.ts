import assert from 'node:assert/strict'
import { lastValueFrom, toArray } from 'rxjs'
import {
  type AnyEventType,
  agent,
  type ContextParts,
  type Draft,
  listener,
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

/** What ends with a test. */
interface Test {
  after(work: () => unknown): void
}

/** An agent of one stream, in which nothing runs by itself, and the events that it told. */
export interface WatchedAgent {
  readonly running: Running
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

/** Starts an agent of a stream on a log in memory; it stops when the test ends. */
export async function watchStream(t: Test, stream: Stream, world: Partial<World> = {}): Promise<WatchedAgent> {
  const told: StoredEvent[] = []
  const hear = listener(
    'hear',
    on(...(stream.eventTypes as [AnyEventType, ...AnyEventType[]])),
    (event) => void told.push(event),
    { from: 'start' },
  )
  const log = await memoryLog()
  const running = await start(agent('watch', [stream, hear]), { log, logger: false, world })
  t.after(async () => {
    await running.stop()
    await log.close()
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
  return { running, told, look, see }
}

/** The drafts of one run of a stream's job, without a log; default its first job. */
export async function draftsOf(stream: Stream, context: ContextParts = {}, job?: string): Promise<Draft[]> {
  const one = stream.jobs.find(({ name }) => job === undefined || name.endsWith(`.${job}`))
  assert.ok(one, `the stream has no job ${job}`)
  return lastValueFrom(runOnce(one, context).pipe(toArray()))
}
