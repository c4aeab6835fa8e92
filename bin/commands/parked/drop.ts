import { command } from '../../cli/command.ts'
import { confirm } from '../../cli/confirm.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { plural } from '../../print/format.ts'
import { all, choose, report } from './chosen.ts'

export const drop = command({
  summary:
    'Drop parked events, so that the listener never handles them. The events themselves stay. Asks, or takes --yes.',
  takes: ['LISTENER', '[SEQ]'],
  options: { ...all, ...reading },
  examples: [
    ['my_listener 12', 'Asks, and drops event 12 for my_listener'],
    ['my_listener --all --yes', 'Drops all its parked events, without asking'],
  ],
  run: async (given) => {
    const [listener = '', place] = given._
    const seq = choose(place, given.all)
    return askLog(given, async ({ parked }) => {
      let count = 0
      for await (const row of parked.list({ listener })) if (seq === undefined || row.seq === seq) count += 1
      const of = `of listener ${JSON.stringify(listener)}`
      if (count > 0) await confirm(`${plural(count, 'parked event')} ${of} would never be handled`, given.yes)
      const seqs = await parked.drop(listener, seq)
      return report(listener, seq, seqs, given.json, (events) => `${events} ${of} dropped`)
    })
  },
})
