import { command } from '../../cli/command.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { all, choose, report } from './chosen.ts'

export const retry = command({
  summary: 'Deliver parked events again, with all their attempts.',
  takes: ['LISTENER', '[SEQ]'],
  options: { ...all, ...reading },
  examples: [
    ['my_listener 12', 'my_listener receives event 12 again'],
    ['my_listener --all', 'It receives all its parked events again'],
  ],
  run: async (given) => {
    const [listener = '', place] = given._
    const seq = choose(place, given.all)
    return askLog(given, async ({ parked }) => {
      const seqs = await parked.retry(listener, seq)
      const of = `of listener ${JSON.stringify(listener)}`
      return report(listener, seq, seqs, given.json, (events) => `${events} ${of} to be delivered again`)
    })
  },
})
