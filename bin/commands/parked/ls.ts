import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const ls = command({
  summary: 'List the events that were set aside after their last attempt. --json prints one object a line (NDJSON).',
  takes: ['[LISTENER]'],
  options: reading,
  examples: [
    ['', 'Those of all listeners'],
    ['my_listener', 'Those of one'],
  ],
  run: async (given) => (await import('./parked.ts')).listParked(given._[0], given),
})
