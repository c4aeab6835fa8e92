import type { Log } from '../log/port.ts'
import type { Code } from './code.ts'
import type { Health } from './health.ts'
import type { Helm } from './helm.ts'
import { type DbOperations, dbOperations } from './operations/db.ts'
import { type EventOperations, eventOperations } from './operations/events.ts'
import { type JobOperations, jobOperations } from './operations/jobs.ts'
import { type ListenerOperations, listenerOperations } from './operations/listeners.ts'
import { type ParkedOperations, parkedOperations } from './operations/parked.ts'
import { tellHealth } from './operations/tell-health.ts'

/**
 * The operations on a log, from outside the process that runs on it. Input and output are plain JSON: a running agent
 * serves the same operations, and they take effect at once.
 */
export interface Operations {
  /** Operations on events. */
  readonly events: EventOperations
  /** Operations on jobs. */
  readonly jobs: JobOperations
  /** Operations on listeners. */
  readonly listeners: ListenerOperations
  /** Operations on parked events. */
  readonly parked: ParkedOperations
  /** Maintenance of the log. */
  readonly db: DbOperations
  /** The health of agent and log. Also answers while the log has failed. */
  status(): Promise<Health>
}

/**
 * The operations on a log, and on the agent at the helm, if one runs. `code`: the jobs on the log, if no agent runs.
 */
export function operations(log: Log, helm?: Helm, code?: Code): Operations {
  return {
    events: eventOperations(log),
    jobs: jobOperations(log, helm, code),
    listeners: listenerOperations(log, helm),
    parked: parkedOperations(log, helm),
    db: dbOperations(log),
    status: () => tellHealth(log, helm),
  }
}
