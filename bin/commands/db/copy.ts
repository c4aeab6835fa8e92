import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { common } from '../../cli/options.ts'
import { refuseIfInUse, shownPlace } from '../../logs/which-log.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'

export const copy = command({
  summary:
    'Copy a whole log to a folder or a schema of PostgreSQL that is empty or does not exist, and compare the copy with it. Needs that no agent runs on it. If it is interrupted, there is no copy: ask again.',
  takes: ['FROM', 'TO'],
  options: { json: common.json },
  examples: [
    ['.tidings/home postgres://db.example/tidings', 'Moves a log from one machine to a server, schema tidings'],
    ['.tidings/home "postgres://db.example/tidings?schema=home"', 'The same, to the schema home'],
    ['postgres://db.example/tidings .tidings/home', 'Moves it back'],
  ],
  run: async ({ _: [from = '', to = ''], json }) => {
    await refuseIfInUse(from)
    const { copyLog } = await import('../../../lib/cli.ts')
    const progress = progressBar('copying')
    const copied = await copyLog(from, to, { progress: progress.show }).finally(progress.end)
    const { first, last, records } = copied
    const [source, target] = [shownPlace(from), shownPlace(to)]
    if (json) printJson({ from: source, to: target, ...copied })
    else {
      const { event, identity, consumer, state } = records
      const listeners = plural(consumer, 'listener')
      const rest = `${plural(identity, 'identity', 'identities')}, ${listeners} and ${plural(state, 'value')} of state`
      const which = event === 0 ? '' : ` (${first} to ${last})`
      printLine(`${plural(event, 'event')}${which}, ${rest} are in ${target}, compared with ${source}`)
      printLine('run agents on only one of the two: each of them would tell what the other one has told')
    }
    return exitCodes.ok
  },
})
