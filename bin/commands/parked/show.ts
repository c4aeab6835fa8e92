import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/print.ts'
import { jsonTime } from '../../print/times.ts'
import { notParked, seqOf } from './chosen.ts'

export const show = command({
  summary: 'Show one parked event in full, with the error of its last attempt.',
  takes: ['LISTENER', 'SEQ'],
  options: reading,
  examples: [['my_listener 12', 'Shows event 12, and why my_listener could not handle it']],
  run: async (given) => {
    const [listener = '', place = ''] = given._
    const seq = seqOf(place)
    return askLog(given, async ({ parked }) => {
      const found = await parked.show(listener, seq)
      if (found === undefined) throw notParked(listener, seq)
      const { event, at } = found
      if (given.json) printJson(found)
      else
        printJson(
          { ...found, at: jsonTime(at), event: { ...event, created: jsonTime(event.created) } },
          { pretty: true },
        )
      return exitCodes.ok
    })
  },
})
