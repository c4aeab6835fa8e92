import { type FaultKinds, faultKinds, parseDuration, replay, type WorldToSimulate } from '../../../lib/cli.ts'
import { Failure, UsageError } from '../../cli/errors.ts'
import { findFile, isFile } from '../../user/find-file.ts'
import { loadModule } from '../../user/load-module.ts'

/** The options of a simulation. */
export interface SimulationOptions {
  readonly for: string
  readonly from?: string | undefined
  readonly seed: number
  readonly world?: string | undefined
  readonly faults?: string | undefined
}

/** A simulation, but for the world. */
export interface Simulation {
  readonly from: Date
  readonly for: number
  readonly seed: number
  readonly faults?: true | FaultKinds
}

const DAY = 86_400_000

/** @throws UsageError for an invalid option */
export function simulationOf({ for: length, from, seed, faults }: SimulationOptions): Simulation {
  return {
    from: from === undefined ? new Date(Math.floor(Date.now() / DAY) * DAY) : instantOf(from),
    for: durationOf(length),
    seed,
    ...(faults === undefined ? {} : { faults: kindsOf(faults) }),
  }
}

// In UTC: the same simulation in every time zone.
function instantOf(text: string): Date {
  const at = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/.test(text)
    ? new Date(/T.*(Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes('T') ? text : `${text}Z`)
    : new Date(Number.NaN)
  if (Number.isNaN(at.getTime()))
    throw new UsageError(
      `--from must be a date or a time such as 2026-01-01 or 2026-01-01T08:00, got ${JSON.stringify(text)}`,
    )
  return at
}

/** @throws UsageError for a text that it cannot read as a duration */
export function durationOf(text: string): number {
  try {
    return parseDuration(text, '--for')
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function kindsOf(text: string): true | FaultKinds {
  const kinds = faultsIn(text, faultKinds)
  return kinds === undefined ? true : Object.fromEntries(kinds.map((each) => [each, true]))
}

/**
 * The kinds of faults that an option names; undefined: all.
 *
 * @throws UsageError for a kind that is not known
 */
export function faultsIn<K extends string>(text: string, known: Readonly<Record<K, true>>): readonly K[] | undefined {
  if (text === 'all') return undefined
  const kinds = text.split(',').map((each) => each.trim())
  const unknown = kinds.find((each) => !Object.hasOwn(known, each))
  if (unknown === undefined) return kinds as K[]
  throw new UsageError(
    `--faults must be all, or some of ${Object.keys(known).join(', ')}, got ${JSON.stringify(unknown)}`,
  )
}

/**
 * Loads a world: the default export of a module, or its export `world`; or the answers of a fixture.
 *
 * @throws UsageError for a file that is missing, Failure for a module without a world
 */
export async function loadWorld(file: string | undefined): Promise<WorldToSimulate> {
  if (file === undefined) return {}
  if (file.endsWith('.json')) {
    if (!isFile(file)) throw new UsageError(`there is no file ${file}`)
    const { fetch, exec, secret } = (await replay(file)).world
    // Its times are those of the recording.
    return { fetch, exec, secret }
  }
  const exports = await loadModule(findFile(file))
  const world = exports.default ?? exports.world
  if (typeof world === 'function') return world as WorldToSimulate
  if (typeof world === 'object' && world !== null) return world
  throw new Failure(
    `${file} exports no world: export default { fetch, exec }, or a function ({ now, random }) => ({ fetch, exec })`,
  )
}
