import { command } from '../../cli/command.ts'
import { UsageError } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { moveListener } from './move-listener.ts'

export const reset = command({
  summary:
    'Let a listener continue from another place in the log. It receives earlier events again, as a replay; skipping events asks, or takes --yes. Parked events stay parked.',
  takes: ['NAME'],
  options: {
    to: { type: 'string', describe: 'The place: start, now, a seq, a date, or a time ago' },
    ...reading,
  },
  examples: [
    ['my_listener --to start', 'It receives every event again'],
    ['my_listener --to 1200', 'Event 1200 is the next one that it receives'],
    ['my_listener --to 2h', 'It receives the last two hours again'],
  ],
  run: async (given) => {
    if (given.to === undefined)
      throw new UsageError('--to is missing: give start, now, a SEQ, a DATE or a time ago such as 2h')
    return moveListener(given._[0] ?? '', given.to, given)
  },
})
