import { command } from '../../cli/command.ts'
import { Mistake } from '../../cli/mistake.ts'
import { reading } from '../../cli/options.ts'

export const reset = command({
  summary:
    'Let a listener go on from another place in the log. What it heard before is told again, as a replay; what it would never hear has to be meant (--yes). Parked events stay so.',
  takes: ['NAME'],
  options: {
    to: { type: 'string', describe: 'From where on: start, now, a seq, a date, or a time ago' },
    ...reading,
  },
  examples: [
    ['my_listener --to start', 'Tells it every event again'],
    ['my_listener --to 1200', 'Event 1200 is the next that it hears'],
    ['my_listener --to 2h', 'Tells it the last two hours again'],
  ],
  run: async (given) => {
    if (given.to === undefined) throw new Mistake('say where to: --to start, now, SEQ, DATE or a time ago such as 2h')
    return (await import('./move-listener.ts')).moveListener(given._[0] ?? '', given.to, given)
  },
})
