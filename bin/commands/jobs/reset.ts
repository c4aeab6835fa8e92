import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const reset = command({
  summary:
    'Begin the schedule of a job now, whatever was settled before: the way out when its slots were settled by a clock that was ahead. Retries that wait are given up; a slot that ran does not run again.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'The next slot of my_job is the first one after now']],
  run: async (given) => (await import('./reset-job.ts')).resetJob(given._[0] ?? '', given),
})
