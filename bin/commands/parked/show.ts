import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const show = command({
  summary: 'Show one parked event whole, with the error of its last attempt.',
  takes: ['LISTENER', 'SEQ'],
  options: reading,
  examples: [['my_listener 12', 'Event 12, and why my_listener could not handle it']],
  run: async (given) => (await import('./parked.ts')).showParked(given._, given),
})
