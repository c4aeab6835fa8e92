import { resolve } from 'node:path'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { formatSize, plural } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'
import { withBar } from '../../print/progress.ts'

export const backup = command({
  summary: 'Copy a log, as it is at this moment, to a folder that is empty or does not exist. The agent may run.',
  takes: ['DIR'],
  options: reading,
  examples: [['backups/monday', 'Makes a backup, checked record by record']],
  run: (given) =>
    askLog(given, async ({ db }) => {
      const [directory = ''] = given._
      const copy = await withBar('backing up', db.backup(directory))
      const { records, last, bytes } = copy
      if (given.json) printJson({ directory: resolve(directory), ...copy })
      else printLine(`${plural(records, 'record')}, up to event ${last}, are in ${directory} (${formatSize(bytes)})`)
      return exitCodes.ok
    }),
})
