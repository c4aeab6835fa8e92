import { defined } from '../../core/defined.ts'
import { type Duration, parseDuration } from '../../core/duration.ts'
import { asError, describe, TidingsError } from '../../core/errors.ts'
import type { Draft, StoredEvent } from '../../core/event.ts'
import { Mutex } from '../../core/mutex.ts'
import { checkOptions } from '../../core/options.ts'
import { HOUR, SECOND } from '../../core/time-units.ts'
import { forgetCalls, virtualClock } from '../../core/virtual-clock.ts'
import { checkWorld, type World } from '../../core/world.ts'
import { type Agent, isAgent } from '../define/agent.ts'
import {
  checkFaults,
  drawFaults,
  type Extent,
  type Fault,
  type FaultKinds,
  faultWords,
  PendingFaults,
} from './faults.ts'
import { Life } from './life.ts'
import { MortalStore } from './mortal-store.ts'
import { randomOf } from './random.ts'
import { Recorder } from './recorder.ts'
import { fewestFaults } from './shrink.ts'
import { withSimulatedGlobals } from './simulated-globals.ts'
import { withSimulatedTimers } from './simulated-timers.ts'
import { SimulatedWorld } from './simulated-world.ts'
import { Timeline } from './timeline.ts'

/** What a simulated world may depend on. */
export interface WorldOfSimulation {
  /** The simulated time, in ms since the epoch. */
  now(): number
  /** A number from 0 up to 1, without 1: the same ones for the same seed. */
  random(): number
  /** The seed of the simulation. */
  readonly seed: number
}

/** The world of a simulation, or a function that makes it. What it lacks is refused by name. */
export type WorldToSimulate = Partial<World> | ((simulation: WorldOfSimulation) => Partial<World>)

export interface SimulateOptions {
  /** When the simulation begins. */
  readonly from: Date
  /** How long it lasts: ms, or a duration such as `'30d'`. */
  readonly for: Duration
  /** What answers runs and handlers; default nothing: every request is refused. */
  readonly world?: WorldToSimulate
  /** Faults to inject: all kinds, some kinds, or these. Default none. */
  readonly faults?: true | FaultKinds | readonly Fault[]
  /**
   * Judges a simulation with faults, beside the same one without. If it throws, `simulate` looks for fewer faults with
   * which it still does, and rejects with them, the seed and what happened.
   */
  readonly check?: (timeline: Timeline, undisturbed: Timeline) => void
  /** Chooses the faults, and the numbers of the world: a whole number, default 1. */
  readonly seed?: number
}

/** What a simulation was. */
export interface Simulated {
  readonly timeline: Timeline
  /** The same simulation without faults; absent without faults. */
  readonly undisturbed?: Timeline
  readonly faults: readonly Fault[]
  readonly extent: Extent
  /** What was asked for and is missing in the world. */
  readonly refused: readonly string[]
}

/** How long a process is down after a crash, in ms. */
const DOWN = SECOND

/** The shortest simulation that is tried when a harmful one is made shorter, in ms. */
const SHORTEST = HOUR

/** A simulation replaces globals of the process, so there is one at a time. */
const turns = new Mutex()

/**
 * Runs an agent on a virtual clock and a log in memory: a month of its life in seconds. Equal arguments give equal
 * timelines, on any machine and in any time zone: schedules without a time zone are in UTC, and `Date` and `Math.random`
 * of this process show simulated time and chance while it runs, and `setTimeout` and `setInterval` wait for it.
 *
 * @param agent the agent, or a function that makes it, which is called at each start: what it keeps in variables is then
 *   lost in a crash
 * @throws TidingsError `TIDINGS_AGENT_INVALID` for an invalid agent or option
 *
 * @example
 * ```ts
 * import { agent, eventType, every, job, listener, on } from 'tidings'
 * import { simulate } from 'tidings/testing'
 *
 * const tick = eventType('tick').of<null>()
 * const hourly = agent('hourly', [
 *   job('tick', every().hour, ({ slot }) => tick(slot.toISOString(), null)),
 *   listener('tock', on(tick), () => undefined),
 * ])
 * const timeline = await simulate(hourly, { from: new Date('2026-01-01T00:00:00Z'), for: '30d' })
 * console.log(timeline.counts.events)
 * ```
 */
export async function simulate(agent: Agent | (() => Agent), options: SimulateOptions): Promise<Timeline> {
  return (await simulated(agent, options)).timeline
}

/**
 * As `simulate`, with the faults and what was missing.
 *
 * @param recorded stored events in order of seq, which happen again at their times, in the logs of all simulations
 */
export async function simulated(
  agent: Agent | (() => Agent),
  given: SimulateOptions,
  recorded: readonly StoredEvent[] = [],
): Promise<Simulated> {
  const make = typeof agent === 'function' ? agent : () => agent
  const length = checkSimulation(make, given)
  const options = { ...given, recorded }
  return turns.runExclusive(async () => {
    const { faults, seed = 1, check } = options
    if (faults === undefined) return runOnce(make, options, length, [])
    const undisturbed = await runOnce(make, options, length, [])
    const drawn = faults === true || !isList(faults) ? drawFaults(faults, undisturbed.extent, seed) : faults
    const disturbed = await runOnce(make, options, length, drawn)
    const finding = check === undefined ? undefined : findingOf(check, disturbed, undisturbed)
    if (check === undefined || finding === undefined) return { ...disturbed, undisturbed: undisturbed.timeline }
    const { timeline, faults: fewest, finding: why } = await shortest(make, options, check, { finding, ...disturbed })
    throw new HarmfulFaults(why, timeline, fewest)
  })
}

/** What is simulated. */
interface Story extends SimulateOptions {
  readonly recorded: readonly StoredEvent[]
}

interface Found extends Simulated {
  readonly finding: Error
}

// Fewer faults first, then half of the time, as long as that is harmful.
async function shortest(
  make: () => Agent,
  options: Story,
  check: NonNullable<SimulateOptions['check']>,
  first: Found,
): Promise<Found> {
  let found = first
  const isHarmful = async (length: number, faults: readonly Fault[], without: Simulated): Promise<boolean> => {
    const tried = await runOnce(make, options, length, faults)
    const finding = findingOf(check, tried, without)
    if (finding !== undefined) found = { finding, ...tried }
    return finding !== undefined
  }
  const { length } = first.extent
  const whole = await runOnce(make, options, length, [])
  await fewestFaults(first.faults, (faults) => isHarmful(length, faults, whole))
  for (let part = Math.ceil(length / 2); part >= SHORTEST; part = Math.ceil(part / 2))
    if (!(await isHarmful(part, found.faults, await runOnce(make, options, part, [])))) break
  return found
}

/** The error of a simulation whose `check` has failed: the seed, the fewest faults, and what happened with them. */
export class HarmfulFaults extends Error {
  /** What happened with these faults. */
  readonly timeline: Timeline
  /** The faults: `simulate` takes them as `faults`. */
  readonly faults: readonly Fault[]

  constructor(finding: Error, timeline: Timeline, faults: readonly Fault[]) {
    const lines = [
      `${finding.message}, with seed ${timeline.origin.seed}`,
      `faults: ${JSON.stringify(faults)}`,
      ...timeline.around(),
    ]
    super(lines.join('\n  '), { cause: finding })
    this.name = 'HarmfulFaults'
    this.timeline = timeline
    this.faults = faults
  }
}

function findingOf(
  check: NonNullable<SimulateOptions['check']>,
  { timeline }: Simulated,
  undisturbed: Simulated,
): Error | undefined {
  try {
    check(timeline, undisturbed.timeline)
    return undefined
  } catch (error) {
    return asError(error)
  }
}

function isList(faults: FaultKinds | readonly Fault[]): faults is readonly Fault[] {
  return Array.isArray(faults)
}

function checkSimulation(make: () => Agent, options: SimulateOptions): number {
  const known = { from: true, for: true, world: true, faults: true, seed: true, check: true } as const
  checkOptions(options, known, 'TIDINGS_AGENT_INVALID', 'of simulate()')
  const { from, for: length, world, faults, seed } = options
  const made: unknown = make()
  if (!isAgent(made)) throw invalid(`simulate() needs an agent, made by agent(name, parts), got ${describe(made)}`)
  if (!(from instanceof Date) || Number.isNaN(from.getTime()))
    throw invalid(`from of simulate() must be a valid Date, got ${describe(from)}`)
  if (seed !== undefined && !Number.isSafeInteger(seed))
    throw invalid(`seed of simulate() must be a whole number, got ${describe(seed)}`)
  if (world !== undefined && typeof world !== 'function') checkWorld(world, 'TIDINGS_AGENT_INVALID', 'of simulate()')
  if (faults !== undefined) checkFaults(faults)
  return parseDuration(length, 'for of simulate()')
}

function invalid(message: string): TidingsError {
  return new TidingsError('TIDINGS_AGENT_INVALID', message)
}

async function runOnce(
  make: () => Agent,
  { from, world = {}, seed = 1, recorded }: Story,
  length: number,
  faults: readonly Fault[],
): Promise<Simulated> {
  const clock = virtualClock(from)
  const random = randomOf(seed)
  const work = async (): Promise<Simulated> => {
    const given = typeof world === 'function' ? world({ now: () => clock.now(), random, seed }) : world
    if (typeof world === 'function') checkWorld(given, 'TIDINGS_AGENT_INVALID', 'of simulate()')
    const recorder = new Recorder(clock)
    const pending = new PendingFaults(faults)
    const refused = new Set<string>()
    const simulation = new Simulation(make, {
      clock,
      recorder,
      faults: pending,
      world: new SimulatedWorld(given, { clock, recorder, faults: pending, refused }),
      store: new MortalStore(idOf(seed)),
    })
    const began = await simulation.run(length, recorded)
    const { writes, afterCalls, calls, deliveries } = pending
    const origin = { agent: make().name, from: from.getTime(), to: from.getTime() + length, seed }
    return {
      timeline: new Timeline(origin, recorder.entries),
      faults,
      extent: { began, writes, afterCalls, calls, deliveries, length },
      refused: [...refused],
    }
  }
  return withSimulatedTimers(clock, () => withSimulatedGlobals(() => clock.now(), random, work))
}

// The id of a log is part of every delivery's key.
function idOf(seed: number): string {
  return `00000000-0000-4000-8000-${(seed >>> 0).toString(16).padStart(12, '0')}`
}

/** The lives of an agent, one after the other. */
class Simulation {
  readonly #make: () => Agent
  readonly #host: ConstructorParameters<typeof Life>[0]
  #life: Life
  #failure: Error | undefined

  constructor(make: () => Agent, host: Omit<ConstructorParameters<typeof Life>[0], 'died'>) {
    this.#make = make
    this.#host = { ...host, died: () => this.#restart() }
    this.#life = new Life(this.#host)
  }

  /** Resolves to the number of writes until the agent had begun. */
  async run(length: number, recorded: readonly StoredEvent[]): Promise<number> {
    const { clock, faults, recorder, store } = this.#host
    for (const step of faults.steps) {
      clock.timer(() => {
        recorder.mark('fault', faultWords(step))
        clock.step(step.ms)
        clock.timer(() => clock.step(-step.ms), step.lasts)
      }, step.after)
    }
    await store.load()
    void this.#begin()
    await clock.advance(0)
    const { writes: began } = faults
    this.#tell(recorded)
    await clock.advance(length)
    await this.#end()
    if (this.#failure !== undefined) throw this.#failure
    return began
  }

  async #begin(): Promise<void> {
    const { recorder } = this.#host
    const life = this.#life
    recorder.mark('start', 'agent starts')
    try {
      await life.begin(this.#make())
    } catch (error) {
      if (life.isAlive()) this.#failure ??= asError(error)
    }
  }

  // A log may hold events whose times go back.
  #tell(events: readonly StoredEvent[], from = 0): void {
    const { clock } = this.#host
    const first = events[from]
    if (first === undefined) return
    clock.timer(
      () => {
        let end = from + 1
        while (end < events.length && (events[end] as StoredEvent).created <= clock.now()) end++
        void this.#life.accept(events.slice(from, end).map(draftOf))
        this.#tell(events, end)
      },
      Math.max(0, first.created - clock.now()),
    )
  }

  #restart(): void {
    forgetCalls(this.#host.clock)
    this.#life = new Life(this.#host)
    this.#host.clock.timer(() => void this.#begin(), DOWN)
  }

  // Nothing that happens from here on is recorded.
  async #end(): Promise<void> {
    const { clock, recorder } = this.#host
    recorder.end()
    let ended = false
    const stopped = this.#life.stop().finally(() => (ended = true))
    for (let waited = 0; waited < 30 && !ended; waited++) await clock.advance(SECOND)
    await stopped
  }
}

function draftOf({ type, identifier, data, version, transformed }: StoredEvent): Draft {
  return { type, identifier, data, ...defined({ version, transformed }) }
}
