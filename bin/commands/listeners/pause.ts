import { command } from '../../frame/command.ts'
import { reading } from '../../frame/options.ts'

export const pause = command({
  summary: 'Let a listener hear nothing until it is resumed, also over restarts; what comes waits for it.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener', 'my_listener begins no delivery from now on']],
  run: async (given) => {
    const [name = ''] = given._
    return (await import('../../steering/pause.ts')).pause('listener', given, ({ listeners }) => listeners.pause(name))
  },
})
