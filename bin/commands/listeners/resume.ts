import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { pause } from '../shared/pause.ts'

export const resume = command({
  summary: 'Resume a paused listener: it receives the events that waited for it.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener', 'my_listener continues where it was paused']],
  run: (given) => pause('listener', given, ({ listeners }) => listeners.resume(given._[0] ?? '')),
})
