import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const stats = command({
  summary: 'Show what is in a log, how large it is, how it grows, and how long the disk will do.',
  takes: [],
  options: reading,
  examples: [
    ['', 'The only log in .tidings'],
    ['--agent home --json', 'That of the agent home, in bytes, for a program'],
  ],
  run: async (given) => (await import('./show-stats.ts')).showStats(given),
})
