import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const verify = command({
  summary:
    'Compare all records of a log with each other. Ends with 1 when something is not as it was written, and says what.',
  takes: [],
  options: reading,
  examples: [
    ['', 'Reads all of it'],
    ['--db backups/monday --json', 'Verifies a backup; --json lists the problems'],
  ],
  run: async (given) => (await import('./verify-log.ts')).verifyLog(given),
})
