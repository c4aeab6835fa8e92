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
 * What may be asked of a log, and done to it, from outside the process that runs on it. Plain JSON goes in, plain JSON
 * comes out: an agent serves the same operations while it runs, and they take effect at once.
 */
export interface Operations {
  readonly events: EventOperations
  readonly jobs: JobOperations
  readonly listeners: ListenerOperations
  readonly parked: ParkedOperations
  readonly db: DbOperations
  /** How all is. Also answers while the log has failed. */
  status(): Promise<Health>
}

/**
 * The operations on a log, and on the agent at the helm, if one runs. `code`: what the jobs on it are, where none does.
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
