import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'

export const resume = command({
  summary: 'Let a listener go on that was paused, with what it has not heard.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener', 'my_listener hears again']],
  run: async (given) => {
    const [name = ''] = given._
    return (await import('../shared/pause.ts')).pause('listener', given, ({ listeners }) => listeners.resume(name))
  },
})
