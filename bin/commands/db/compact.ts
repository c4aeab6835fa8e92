import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const compact = command({
  summary: 'Give the disk back that removed events still take. The agent may run.',
  takes: [],
  options: reading,
  examples: [['', 'After tidings db prune']],
  run: async (given) => (await import('./compact-log.ts')).compactLog(given),
})
