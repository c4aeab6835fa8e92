import { HarmfulFaults, harm, recordWorld, type Simulated, simulated, type WorldToSimulate } from '../../../lib/cli.ts'
import { exitCodes } from '../../cli/errors.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine, printNote, printProblem } from '../../print/print.ts'
import { surviveErrors } from '../../user/guards.ts'
import { loadAgent } from '../../user/load-agent.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'
import { checkFixtures } from '../test/fixtures.ts'
import { jsonOf, printSimulation } from './print-simulation.ts'
import { loadWorld, type Simulation, type SimulationOptions, simulationOf } from './simulation.ts'

/** The options of `tidings simulate`. */
export interface SimulateCommandOptions extends SimulationOptions, CodeOptions {
  readonly _: readonly string[]
  readonly timeline?: boolean | undefined
  readonly record?: string | undefined
  readonly json?: boolean | undefined
  readonly yes?: boolean | undefined
}

/** Simulates an agent, and prints what happened; resolves to the exit code. */
export async function runSimulate(options: SimulateCommandOptions): Promise<number> {
  const [file = ''] = options._
  const simulation = simulationOf(options)
  await checkFixtures({ record: options.record, yes: options.yes })
  const { logger } = await surroundings(options)
  const agent = await loadAgent(file)
  const world = await loadWorld(options.world)
  surviveErrors(logger)
  const recording = new WorldRecording(world, options.record)
  try {
    const result = await simulated(agent, {
      ...simulation,
      world: recording.world,
      check: (...both) => refuseHarm(...both),
    })
    if (options.json) printJson(jsonOf(result, options.timeline === true))
    else if (options.timeline) for (const line of result.timeline.lines()) printLine(line)
    else await printSimulation(result)
    await recording.save()
    return exitCodes.ok
  } catch (error) {
    if (!(error instanceof HarmfulFaults)) throw error
    await reportHarm(error, options, simulation)
    await recording.save()
    return exitCodes.failed
  }
}

function refuseHarm(timeline: Simulated['timeline'], undisturbed: Simulated['timeline']): void {
  const found = harm(timeline, undisturbed)
  if (found.length > 0) throw new Error(found.join('; '))
}

async function reportHarm(
  { timeline, faults, cause, message }: HarmfulFaults,
  { json }: SimulateCommandOptions,
  { seed }: Simulation,
): Promise<void> {
  const harms = cause instanceof Error ? cause.message : message
  if (json) printJson({ harm: harms, seed, faults, timeline: timeline.entries })
  else for (const line of timeline.around()) printLine(line)
  printNote(`with ${plural(faults.length, 'fault')} of seed ${seed}: ${JSON.stringify(faults)}`)
  printProblem(harms)
}

/** Records the world of the last simulation: of several, that is the one that is reported. */
class WorldRecording {
  readonly world: WorldToSimulate
  readonly #file: string | undefined
  #recording: ReturnType<typeof recordWorld> | undefined

  constructor(world: WorldToSimulate, file: string | undefined) {
    this.#file = file
    this.world =
      file === undefined
        ? world
        : (simulation) => {
            const given = typeof world === 'function' ? world(simulation) : world
            this.#recording = recordWorld({
              world: { secret: (name) => `placeholder-of-${name}`, ...given, now: simulation.now },
            })
            return this.#recording.world
          }
  }

  async save(): Promise<void> {
    if (this.#file === undefined || this.#recording === undefined) return
    printNote(`${plural(await this.#recording.save(this.#file), 'exchange')} recorded in ${this.#file}`)
  }
}
