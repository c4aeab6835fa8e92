import { brand } from '../../core/brand.ts'
import { TidingsError } from '../../core/errors.ts'
import type { Agent, Part } from '../define/agent.ts'
import type { PartChange } from './part-changes.ts'

/** What a reload has changed, as JSON. */
export interface Reloaded {
  /** The name of the agent. */
  readonly agent: string
  /** When the code that runs now was loaded, in ISO format. */
  readonly loaded: string
  /** The seq of the newest event in the log; absent while that has failed. */
  readonly last?: number
  /** The jobs and listeners that were added, removed, renamed or changed, as far as can be seen from outside. */
  readonly changes: readonly PartChange[]
}

/** The error of a reload. `loaded`: when the code that still runs was loaded. */
export function reloadFailed(cause: Error, loaded: Date): TidingsError {
  const since = loaded.toTimeString().slice(0, 'HH:MM'.length)
  const message = `${cause.message.replace(/\.$/, '')}; still running the version of ${since}`
  return new TidingsError('TIDINGS_RELOAD_FAILED', message, { cause, details: { loaded: loaded.toISOString() } })
}

/**
 * The parts of an agent, to begin again after the parts of `tried` could not. Those may have taken over already what the
 * log keeps under an older name: it is taken back.
 */
export function takenBack({ listeners, jobs }: Agent, tried: Agent): readonly Part[] {
  const formerly = (name: string, all: readonly (Agent['jobs'] | Agent['listeners'])[number][]): object => {
    const taker = all.find(({ settings }) => settings.formerly === name)
    return taker === undefined ? {} : { formerly: taker.name }
  }
  return [
    ...listeners.map((each) => {
      const settings = { ...each.settings, ...formerly(each.name, tried.listeners) }
      return brand('listener', { ...each, settings })
    }),
    ...jobs.map((each) =>
      brand('job', { ...each, settings: { ...each.settings, ...formerly(each.name, tried.jobs) } }),
    ),
  ]
}
