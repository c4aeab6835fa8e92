import { command } from '../../frame/command.ts'
import { reading } from '../../frame/options.ts'

export const run = command({
  summary: 'Run a job of the agent that runs now, beside its schedule, and wait for it.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'Runs my_job, and says how many events it told']],
  run: async (given) => (await import('../../steering/run-job.ts')).runJob(given._[0] ?? '', given),
})
