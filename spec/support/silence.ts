import assert from 'node:assert/strict'
import type { Stream, World } from '../../lib/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { until } from './until.ts'
import { stopped, watchStream } from './watch-stream.ts'

/** A source whose service is silent: nothing ends the connection, and nothing comes. */
export interface Silence {
  readonly stream: Stream
  /** The job to run; default the first. */
  readonly job?: string
  readonly world: Partial<World>
  /** The longest that a run may take, in ms. */
  readonly limit: number
  /** Whether the run has asked the service. */
  isAsked(): boolean
  /** Lets the service answer. */
  heal(): void
  /** How many events it has then. */
  readonly events: number
}

type Test = Parameters<typeof watchStream>[0]

async function ask(t: Test, { stream, job, world, isAsked }: Silence) {
  const clock = virtualClock(new Date(world.now?.() ?? Date.UTC(2026, 0, 2)))
  const watched = await watchStream(t, stream, world, { clock })
  const look = watched.look(job)
  await until(isAsked, 'the request')
  const ended = look.then(({ status, error }) => ({ status, error: error as Error & { readonly code?: string } }))
  return { clock, ...watched, ended }
}

/** Checks that a run ends when its time is over, and that the next one tells everything, once. */
export async function endsInTime(t: Test, silence: Silence): Promise<void> {
  const { clock, running, ended, see, told } = await ask(t, silence)
  await clock.advance(silence.limit - 1)
  assert.deepEqual(
    (await running.status()).jobs.flatMap((job) => (job.running ? [job.name.split('.')[0]] : [])),
    [silence.stream.name],
  )
  await clock.advance(1)
  const { status, error } = await ended
  assert.deepEqual([status, error.code], ['abandoned', 'TIDINGS_RUN_TIMEOUT'])
  assert.match(error.message, new RegExp(`job "${silence.stream.name}\\..*timeout of ${silence.limit} ms`))
  silence.heal()
  await see(silence.job)
  await see(silence.job)
  assert.equal(told.length, silence.events)
}

/** Checks that the agent can stop, and that the next one tells everything, once. */
export async function endsWithAgent(t: Test, silence: Silence): Promise<void> {
  const { clock, running, ended, log } = await ask(t, silence)
  await stopped(running, clock)
  const { status, error } = await ended
  assert.equal(status, 'abandoned')
  assert.match(error.message, /stop/)
  silence.heal()
  const { see, told, ...again } = await watchStream(t, silence.stream, silence.world, { clock, log })
  await see(silence.job)
  await see(silence.job)
  assert.equal(told.length, silence.events)
  await stopped(again.running, clock)
}
