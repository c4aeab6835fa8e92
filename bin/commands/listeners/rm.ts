import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { remove } from '../shared/remove.ts'

export const rm = command({
  summary:
    'Remove a listener that the agent no longer has from the log: its cursor, its state, its retries and its parked events. The events stay. Asks, or takes --yes.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener --yes', 'The log knows nothing about my_listener any more']],
  run: (given) => remove('listener', given._[0] ?? '', given, ({ listeners }) => listeners),
})
