import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const status = command({
  summary:
    'Show how an agent is: its jobs, its listeners, its log. Ends with 0 when all is well, with 1 when a job is overdue, a listener is stuck, the log has failed or nothing runs; --json says the same to programs.',
  takes: [],
  options: reading,
  examples: [
    ['', 'The agent on the only log in .tidings'],
    ['--agent hello --json', 'The agent hello, for a program that watches it'],
  ],
  run: async (given) => (await import('./show-status.ts')).showStatus(given),
})
