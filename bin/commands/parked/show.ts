import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading, running } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/print.ts'
import { jsonTime } from '../../print/times.ts'
import { notParked, seqOf } from './chosen.ts'

export const show = command({
  summary:
    'Show one parked event in full, with the error of its last attempt. --as-spec writes a test of it, which fails until the handler is fixed; it needs the FILE of the agent. docs/testing.md shows one.',
  takes: ['LISTENER', 'SEQ', '[FILE]'],
  options: {
    'as-spec': { type: 'string', describe: 'Write a test to this file, for node:test, such as test/mail-12.test.ts' },
    ...running,
    ...reading,
  },
  examples: [
    ['my_listener 12', 'Shows event 12, and why my_listener could not handle it'],
    ['my_listener 12 home.ts --as-spec test/mail-12.test.ts', 'Writes a test that fails as my_listener has failed'],
  ],
  run: async (given) => {
    const [listener = '', place = '', file] = given._
    const seq = seqOf(place)
    const spec = given['as-spec']
    if ((spec === undefined) !== (file === undefined))
      throw new UsageError('a test needs both: the FILE of the agent, and --as-spec with the file to write')
    if (spec !== undefined && file !== undefined)
      return (await import('./write-spec.ts')).writeSpec(listener, seq, file, { ...given, spec })
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
