import { basename, resolve } from 'node:path'
import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { formatSize, plural } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'
import { whileWaiting, withBar } from '../../print/progress.ts'

export const backup = command({
  summary:
    'Copy a log, as it is at this moment, to a folder that is empty or does not exist. With --keep, to a new dated folder in DIR. The agent may run.',
  takes: ['DIR'],
  options: {
    keep: {
      type: 'number',
      describe: 'Make a dated backup in DIR, verify it, then remove older ones beyond this number',
    },
    ...reading,
  },
  examples: [
    ['backups/monday', 'Makes a backup, checked record by record'],
    ['backups --keep 14', 'Makes backups/2026-11-29T032000Z, and keeps 14 backups'],
    ['/var/backups/home --keep 14 --db /var/lib/home', 'The same for a log elsewhere, as a timer does'],
  ],
  run: (given) => {
    const [folder = ''] = given._
    const { keep, json } = given
    if (keep === 0) throw new UsageError('--keep must be at least 1: it counts the backup that is made')
    return askLog(given, async ({ db }) => {
      const { nextBackup, rotateBackups } = await import('../../../lib/cli.ts')
      const directory = keep === undefined ? folder : await nextBackup(folder, new Date())
      const copy = await withBar('backing up', db.backup(directory))
      const rotated =
        keep === undefined
          ? undefined
          : await whileWaiting('verifying', rotateBackups(folder, basename(directory), keep))
      if (json) printJson({ directory: resolve(directory), ...copy, ...rotated })
      else {
        const { records, last, bytes } = copy
        printLine(`${plural(records, 'record')}, up to event ${last}, are in ${directory} (${formatSize(bytes)})`)
        if (rotated !== undefined) printLine(sentence(folder, rotated.kept.length, rotated.removed.length))
      }
      return exitCodes.ok
    })
  },
})

function sentence(folder: string, kept: number, removed: number): string {
  const gone = removed === 0 ? '' : `, after ${plural(removed, 'older one was', 'older ones were')} removed`
  return `verified; ${folder} has ${plural(kept, 'backup')}${gone}`
}
