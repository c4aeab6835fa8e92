import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const rm = command({
  summary:
    'Forget a listener that the agent no longer has: its cursor, its state, its retries and its parked events. The events stay in the log. Has to be meant (--yes).',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener --yes', 'The log knows nothing of my_listener']],
  run: async (given) => {
    const [name = ''] = given._
    return (await import('../shared/remove.ts')).remove('listener', name, given, ({ listeners }) => listeners)
  },
})
