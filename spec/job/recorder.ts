import { type Job, job, type Run } from '../../lib/job/job.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import type { Schedule } from '../../lib/schedule/index.ts'
import type { Place } from '../support/agent-harness.ts'

/** Jobs that record the instant of each slot they run for, and of each run. */
export function recorder(here: Place, run: Run = () => undefined) {
  const slots: string[] = []
  const runs: string[] = []
  const of = (schedule: Schedule, options: JobOptions = {}, name = 'j'): Job =>
    job(
      name,
      schedule,
      (context) => {
        slots.push(context.slot.toISOString().slice(0, 19))
        runs.push(new Date(here.clock.now()).toISOString().slice(0, 19))
        return run(context)
      },
      options,
    )
  return { slots, runs, of }
}
