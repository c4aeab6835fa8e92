import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const drop = command({
  summary:
    'Forget parked events: the listener never handles them. The events themselves stay. Has to be meant (--yes).',
  takes: ['LISTENER', '[SEQ]'],
  options: { all: { type: 'boolean', describe: 'All that are parked for this listener' }, ...reading },
  examples: [
    ['my_listener 12', 'Asks, and forgets that my_listener was to handle event 12'],
    ['my_listener --all --yes', 'Forgets all that are parked, without asking'],
  ],
  run: async (given) => (await import('./parked.ts')).dropParked(given._, given),
})
