import { command } from '../../cli/command.ts'
import { confirm } from '../../cli/confirm.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { plural } from '../../print/format.ts'
import { choose, choosing, takeChosen } from './chosen.ts'

export const drop = command({
  summary:
    'Drop parked events, so that the listener never handles them. The events themselves stay. Asks, or takes --yes.',
  takes: ['LISTENER', '[SEQ]'],
  options: { ...choosing, ...reading },
  examples: [
    ['my_listener 12', 'Asks, and drops event 12 for my_listener'],
    ['my_listener --all --yes', 'Drops all its parked events, without asking'],
    ["my_listener --type pr.opened --where 'data.draft = true'", 'Asks, and drops those that match'],
  ],
  run: async (given) => {
    const [listener = ''] = given._
    choose(given)
    const of = `of listener ${JSON.stringify(listener)}`
    return askLog(given, ({ parked }) =>
      takeChosen(listener, given, {
        take: parked.drop,
        doing: 'dropping parked events',
        done: (events) => `${events} ${of} dropped`,
        ask: (count) => confirm(`${plural(count, 'parked event')} ${of} would never be handled`, given.yes),
      }),
    )
  },
})
