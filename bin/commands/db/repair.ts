import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const repair = command({
  summary:
    'Put what is sound in a damaged log together anew, in DIR.repaired, and say what is missing. The damaged log is not touched. Only while no agent runs on it.',
  takes: [],
  options: { to: { type: 'string', describe: 'Put it into this folder instead' }, ...reading },
  examples: [
    ['', 'Makes .tidings/home.repaired out of .tidings/home'],
    ['--to /mnt/large/home --json', 'On another disk; what is missing as JSON'],
  ],
  run: async (given) => (await import('./repair-log.ts')).repairLog(given),
})
