import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const pause = command({
  summary: 'Let a listener hear nothing until it is resumed, also over restarts; what comes waits for it.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener', 'my_listener begins no delivery from now on']],
  run: async (given) => {
    const [name = ''] = given._
    return (await import('../shared/pause.ts')).pause('listener', given, ({ listeners }) => listeners.pause(name))
  },
})
