import { brand } from '../../core/brand.ts'
import { defined } from '../../core/defined.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import { type Agent, agent, isAgent, type Part } from '../define/agent.ts'
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

/** The parts of an agent in the order in which they begin. Listeners first: a new one misses nothing that the jobs publish. */
export function partsOf({ listeners, jobs }: Agent): readonly Part[] {
  return [...listeners, ...jobs]
}

/**
 * Checks what the code of an agent has made. `added`: parts that it will have besides its own.
 *
 * @throws TidingsError `TIDINGS_AGENT_INVALID` for anything but an agent of this name, and for names that collide
 */
export function checkLoaded(next: unknown, was: string, added: readonly Part[]): Agent {
  if (!isAgent(next)) throw new TidingsError('TIDINGS_AGENT_INVALID', 'the code does not make an agent')
  const { name, timezone } = next
  if (name !== was) {
    const fix = 'its log is that of another agent: stop this one, and run it'
    const message = `the agent is now named ${quote(name)}, and was ${quote(was)}; ${fix}`
    throw new TidingsError('TIDINGS_AGENT_INVALID', message, { details: { name } })
  }
  agent(name, [...partsOf(next), ...added], defined({ timezone }))
  return next
}

/** The error of a reload, which other processes see. `loaded`: when the code that still runs was loaded. */
export function reloadFailed(cause: Error, loaded: Date, scrub: (text: string) => string): TidingsError {
  const since = loaded.toTimeString().slice(0, 'HH:MM'.length)
  const message = `${scrub(cause.message).replace(/\.$/, '')}; still running the version of ${since}`
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
