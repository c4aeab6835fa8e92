import { confirm } from '../actions.tsx'
import { api } from '../api.ts'
import { count, line } from '../text.ts'

/** Which parked events are meant. */
export interface Match {
  readonly error?: string
  readonly code?: string
  readonly type?: string
}

/** A match needs a part: every seq is below this one. */
const ALL = { before: String(Number.MAX_SAFE_INTEGER) }

/** Counts what matches, asks, and then retries or drops exactly that. `done` is called when it has happened. */
export async function settleParked(
  how: 'retry' | 'drop',
  listener: string,
  match: Match,
  done: () => void,
): Promise<undefined> {
  const n = await all(how, listener, match, true)
  const what = match.error === undefined ? 'all parked events' : `those with ${line(match.error)}`
  return confirm({
    title: `${how} ${count(n, 'event')} of ${line(listener)}?`,
    body:
      how === 'retry'
        ? `${line(listener)} hears ${what} again.`
        : `${line(listener)} never hears ${what}. The events themselves stay in the log.`,
    does: `${how} ${n}`,
    destroys: how === 'drop',
    run: async () => {
      const taken = await all(how, listener, match, false)
      done()
      return `${how === 'retry' ? 'retried' : 'dropped'} ${count(taken, 'event')} of ${line(listener)}`
    },
  })
}

// One call looks at no more than 20 000 of them.
async function all(how: 'retry' | 'drop', listener: string, match: Match, dryRun: boolean): Promise<number> {
  const step = async (after: number): Promise<number> => {
    const { count, next } = await api.parked[how](listener, undefined, { ...ALL, ...match, dryRun, after })
    return next === undefined ? count : count + (await step(next))
  }
  return step(0)
}
