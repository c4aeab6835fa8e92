import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { pause as pausePart } from '../shared/pause.ts'

export const pause = command({
  summary: 'Pause a listener until it is resumed, also after a restart; new events wait for it.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_listener', 'my_listener starts no delivery from now on']],
  run: (given) => pausePart('listener', given, ({ listeners }) => listeners.pause(given._[0] ?? '')),
})
