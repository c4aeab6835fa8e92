import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const retry = command({
  summary: 'Hand parked events out again, with all their attempts before them.',
  takes: ['LISTENER', '[SEQ]'],
  options: { all: { type: 'boolean', describe: 'All that are parked for this listener' }, ...reading },
  examples: [
    ['my_listener 12', 'Lets my_listener handle event 12 again'],
    ['my_listener --all', 'Lets it handle all again that are parked'],
  ],
  run: async (given) => (await import('./parked.ts')).retryParked(given._, given),
})
