import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { choose, choosing, takeChosen } from './chosen.ts'

export const retry = command({
  summary:
    'Deliver parked events again, with all their attempts: one, all, or those that match. --dry-run says how many.',
  takes: ['LISTENER', '[SEQ]'],
  options: { ...choosing, ...reading },
  examples: [
    ['my_listener 12', 'my_listener receives event 12 again'],
    ['my_listener --all', 'It receives all its parked events again'],
    ['my_listener --error TimeoutError --dry-run', 'Counts those that were parked with this error'],
    ['my_listener --error TimeoutError', 'It receives them again'],
  ],
  run: async (given) => {
    const [listener = ''] = given._
    choose(given)
    return askLog(given, ({ parked }) =>
      takeChosen(listener, given, {
        take: parked.retry,
        doing: 'releasing parked events',
        done: (events) => `${events} of listener ${JSON.stringify(listener)} to be delivered again`,
      }),
    )
  },
})
