import { systemClock } from '../../core/clock.ts'
import type { Duration } from '../../core/duration.ts'
import { pathOf } from '../../level/store/directory.ts'
import type { Retention } from '../../log/retention.ts'
import type { DbOperations } from '../operations/db.ts'
import type { Operations } from '../operations/operations.ts'
import { askMany, askOne, bring, greet } from './connection.ts'
import { type Route, routes } from './routes.ts'
import { findSocket } from './socket-path.ts'

/** An agent that does not identify itself within this time, in ms, counts as not running. */
const PATIENCE = 5000

/**
 * Connects to the agent that runs on the log in this directory, through its socket. Resolves to its operations;
 * undefined if no agent answers there.
 *
 * @example
 * ```ts
 * import { connect } from 'tidings'
 *
 * const agent = await connect('.tidings/home')
 * console.log(agent === undefined ? 'nobody is at home' : (await agent.status()).problems)
 * ```
 */
export async function connect(directory: string): Promise<Operations | undefined> {
  const socket = await findSocket(directory)
  if (socket === undefined || !(await answers(socket))) return undefined
  return remote(socket)
}

async function answers(socket: string): Promise<boolean> {
  const late = new AbortController()
  const cancel = systemClock.timer(() => late.abort(), PATIENCE)
  try {
    return await greet(socket, late.signal)
  } catch {
    return false
  } finally {
    cancel()
  }
}

/** Sends requests to the routes of one agent. */
interface Asking {
  one<Q extends object, A>(route: Route<Q, A>, question: Q): Promise<Awaited<A>>
  many<Q extends object, A>(route: Route<Q, A>, question: Q, signal?: AbortSignal): A
}

function asking(socket: string): Asking {
  return {
    one: <Q extends object, A>(route: Route<Q, A>, question: Q) =>
      askOne(socket, route, question) as Promise<Awaited<A>>,
    many: <Q extends object, A>(route: Route<Q, A>, question: Q, signal?: AbortSignal) =>
      askMany(socket, route, question, signal) as A,
  }
}

function remoteDb({ one, many }: Asking): DbOperations {
  return {
    stats: () => one(routes['db.stats'], {}),
    prune: (retention) => one(routes['db.prune'], inWords(retention)),
    compact: () => many(routes['db.compact'], {}),
    verify: () => many(routes['db.verify'], {}),
    // A relative path refers to this process's working folder, not the agent's.
    backup: (directory) => many(routes['db.backup'], { directory: pathOf(directory, 'backup()') }),
  }
}

function remote(socket: string): Operations {
  const ask = asking(socket)
  const { one, many } = ask
  return {
    status: () => one(routes.status, {}),
    events: {
      list: (question = {}) => many(routes['events.list'], question),
      at: (seq) => one(routes['events.at'], { seq }),
      of: (type, identifier) => one(routes['events.of'], { type, identifier }),
      count: (question = {}) => one(routes['events.count'], question),
      last: () => one(routes['events.last'], {}),
      import: (ndjson, options = {}) => bring(socket, routes['events.import'], options, ndjson),
      follow: (question, signal) => many(routes['events.follow'], question, signal),
    },
    jobs: {
      list: () => one(routes['jobs.list'], {}),
      history: (name, question = {}) => one(routes['jobs.history'], { name, ...question }),
      next: (name, question = {}) => one(routes['jobs.next'], { name, ...question }),
      dryRun: (name) => one(routes['jobs.dryRun'], { name }),
      run: (name) => one(routes['jobs.run'], { name }),
      pause: (name) => one(routes['jobs.pause'], { name }),
      resume: (name) => one(routes['jobs.resume'], { name }),
      reset: (name) => one(routes['jobs.reset'], { name }),
      remove: (name) => one(routes['jobs.remove'], { name }),
    },
    listeners: {
      list: (question = {}) => one(routes['listeners.list'], question),
      pause: (name) => one(routes['listeners.pause'], { name }),
      resume: (name) => one(routes['listeners.resume'], { name }),
      reset: (name, reset) => one(routes['listeners.reset'], { name, ...reset }),
      rename: (name, to) => one(routes['listeners.rename'], { name, to }),
      remove: (name) => one(routes['listeners.remove'], { name }),
    },
    db: remoteDb(ask),
    parked: {
      list: (question = {}) => many(routes['parked.list'], question),
      show: (listener, seq) => one(routes['parked.show'], { listener, seq }),
      retry: (listener, seq) => one(routes['parked.retry'], { listener, ...(seq === undefined ? {} : { seq }) }),
      drop: (listener, seq) => one(routes['parked.drop'], { listener, ...(seq === undefined ? {} : { seq }) }),
    },
  }
}

// On the wire, a duration is always a string.
function inWords({ age, identities, ...rest }: Retention): Omit<Retention, 'age' | 'identities'> & Words {
  const words = (value: Duration): string => (typeof value === 'number' ? `${value}ms` : value)
  return {
    ...rest,
    ...(age === undefined ? {} : { age: words(age) }),
    ...(identities === undefined ? {} : { identities: words(identities) }),
  }
}

interface Words {
  readonly age?: string
  readonly identities?: string
}
