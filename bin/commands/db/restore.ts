import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const restore = command({
  summary:
    'Make a log out of a backup, in a folder that is empty or not there (--db or --agent), and verify it. The backup stays as it is.',
  takes: ['BACKUP'],
  options: reading,
  examples: [['backups/monday --agent home', 'Makes .tidings/home, where there is none']],
  run: async (given) => (await import('./restore-log.ts')).restoreLog(given._[0] ?? '', given),
})
