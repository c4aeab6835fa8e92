import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const backup = command({
  summary: 'Copy a log, as it is at this moment, into a folder that is empty or not there. The agent may run.',
  takes: ['DIR'],
  options: reading,
  examples: [['backups/monday', 'A backup, checked record by record']],
  run: async (given) => (await import('./back-up-log.ts')).backUpLog(given._[0] ?? '', given),
})
