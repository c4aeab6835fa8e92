import { command } from '../../frame/command.ts'
import { reading } from '../../frame/options.ts'

export const resume = command({
  summary: 'Let a listener go on that was paused, with what it has not heard.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener', 'my_listener hears again']],
  run: async (given) => {
    const [name = ''] = given._
    return (await import('../../steering/pause.ts')).pause('listener', given, ({ listeners }) => listeners.resume(name))
  },
})
