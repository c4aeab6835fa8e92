import { command } from '../../frame/command.ts'
import { reading } from '../../frame/options.ts'

export const ls = command({
  summary: 'List the jobs that a log knows. --json prints one object a line (NDJSON).',
  takes: [],
  options: reading,
  examples: [
    ['', 'Those of the only log in .tidings'],
    ['--agent hello', 'Those of the agent hello'],
  ],
  run: async (given) => (await import('../../logs/list-jobs.ts')).listJobs(given),
})
