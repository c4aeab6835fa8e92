import { holdsLog } from '../../../lib/cli.ts'
import { connect, restoreLog as restore, TidingsError } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { logToFill } from '../../logs/which-log.ts'
import { printJson } from '../../print/json.ts'
import { progressBar } from '../../print/progress-bar.ts'
import { tell } from '../../print/tell.ts'
import { some } from '../../print/words.ts'
import type { Asked } from '../shared/asked.ts'

/** Creates a new log from a backup, and prints its content; resolves to the exit code. */
export async function restoreLog(backup: string, asked: Asked): Promise<number> {
  const directory = await logToFill(asked)
  await refuseInUse(directory)
  const progress = progressBar('restoring')
  const restored = await restore(backup, directory, { progress: progress.show }).finally(progress.end)
  if (asked.json) printJson({ directory, ...restored })
  else tell(`${some(restored.records, 'record')}, up to event ${restored.last}, are in ${directory}, verified`)
  return exitCodes.ok
}

/** @throws TidingsError `TIDINGS_LOG_LOCKED` when an agent runs on the log */
export async function refuseInUse(directory: string): Promise<void> {
  if (!(await holdsLog(directory)) || (await connect(directory)) === undefined) return
  throw new TidingsError('TIDINGS_LOG_LOCKED', `an agent runs on the log in ${directory}: stop it first`, {
    details: { directory },
  })
}
