import type { Operation } from '../operations/contract.ts'

// What the page offers is a list of its own, not the whole contract: over TCP, nothing writes to a path of the caller's
// choice, takes in events, rewrites the log, or deletes what the agent knows. Those stay with the socket, which is the
// owner's alone.

/** Actions that the page offers. */
const actions: ReadonlySet<string> = new Set([
  'reload',
  'agents.reload',
  'jobs.dryRun',
  'jobs.run',
  'jobs.abort',
  'jobs.pause',
  'jobs.resume',
  'jobs.reset',
  'jobs.release',
  'jobs.discard',
  'listeners.pause',
  'listeners.resume',
  'listeners.reset',
  'parked.retry',
  'parked.drop',
  'replay.tell',
])

/** Questions that the page does not offer, since they read the whole log, or all the state of a listener. */
const unbounded: ReadonlySet<string> = new Set(['flow', 'events.count', 'events.tally', 'parked.exchange'])

/** Whether the page offers an operation; `name`: such as `jobs.run`. A new action is not offered until it is listed. */
export function isOffered(name: string, { method }: Operation): boolean {
  return method === 'POST' ? actions.has(name) : !unbounded.has(name)
}
