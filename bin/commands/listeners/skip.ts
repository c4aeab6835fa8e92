import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const skip = command({
  summary: 'Let a listener pass over all that it has not heard, and go on with what comes. Has to be meant (--yes).',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener --yes', 'my_listener hears only what is new']],
  run: async (given) => (await import('./move-listener.ts')).moveListener(given._[0] ?? '', 'now', given),
})
