import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const history = command({
  summary:
    'Show what became of the slots of a job: its runs, and what was missed or blocked. The log remembers a hundred. --json prints one object a line (NDJSON).',
  takes: ['NAME'],
  options: {
    limit: { alias: 'n', type: 'number', default: 20, describe: 'So many, the newest' },
    ...reading,
  },
  examples: [
    ['my_job', 'The newest twenty'],
    ['my_job -n 100 --json', 'All that the log remembers'],
  ],
  run: async (given) => (await import('./job-history.ts')).jobHistory(given._[0] ?? '', given),
})
