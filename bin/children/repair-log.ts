// Repairs a copy of a log, for `tidings db repair`. A child process, as LevelDB aborts on some damaged tables.
import { repairLog } from '../../lib/index.ts'
import { serveParent } from './child.ts'

interface Question {
  readonly directory: string
  readonly to: string
  readonly harder: boolean
}

await serveParent(({ directory, to, harder }: Question, progress) => repairLog(directory, to, { progress, harder }))
