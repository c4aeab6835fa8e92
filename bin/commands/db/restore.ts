import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { inFolder, logToFill, refuseIfInUse } from '../../logs/which-log.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'

export const restore = command({
  summary:
    'Make a log from a backup, in a folder that is empty or does not exist (--db or --agent), and verify it. The backup stays as it is.',
  takes: ['BACKUP'],
  options: reading,
  examples: [['backups/monday --agent home', 'Makes .tidings/home if it does not exist']],
  run: async (given) => {
    const [backup = ''] = given._
    const directory = inFolder(await logToFill(given))
    await refuseIfInUse(directory)
    const { restoreLog } = await import('../../../lib/index.ts')
    const progress = progressBar('restoring')
    const restored = await restoreLog(backup, directory, { progress: progress.show }).finally(progress.end)
    const { records, last } = restored
    if (given.json) printJson({ directory, ...restored })
    else printLine(`${plural(records, 'record')}, up to event ${last}, are in ${directory}, verified`)
    return exitCodes.ok
  },
})
