import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { moveListener } from './move-listener.ts'

export const skip = command({
  summary:
    'Let a listener skip every event that it has not received, and continue with new ones. Asks, or takes --yes.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener --yes', 'my_listener receives only new events']],
  run: (given) => moveListener(given._[0] ?? '', 'now', given),
})
