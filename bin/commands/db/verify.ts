import type { Problem, Step } from '../../../lib/index.ts'
import { isPostgres } from '../../../lib/log-places.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askAt } from '../../logs/ask-log.ts'
import { whichLog } from '../../logs/which-log.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine, printProblem } from '../../print/print.ts'
import { withBar } from '../../print/progress.ts'
import { ChildDied, inChild } from './in-child.ts'

/** What a verification finds. `warnings`: what opening the log reported. */
interface Found {
  readonly ok: boolean
  readonly problems: readonly Problem[]
  readonly warnings?: readonly string[]
}

export const verify = command({
  summary: 'Compare all records of a log with each other. The agents may run.',
  takes: [],
  options: reading,
  examples: [
    ['', 'Verifies the only log in .tidings'],
    ['--db backups/monday --json', 'Verifies a backup, and lists the problems as JSON'],
  ],
  failsIf: 'a record is not as it was written',
  run: async (given) => {
    const place = await whichLog(given)
    const steps = (all: AsyncIterable<Step<Found>>): Promise<Found> => withBar('verifying the log', all)
    const {
      ok,
      problems,
      warnings = [],
    } = await (isPostgres(place)
      ? askAt(place, ({ db }) => steps(db.verify()))
      : steps(await verification(place)).catch(asFound))
    for (const message of warnings) printProblem(message)
    if (given.json) printJson({ ok, problems })
    else for (const line of sentences(problems, isPostgres(place))) printLine(line)
    return ok ? exitCodes.ok : exitCodes.failed
  },
})

// In a process of its own, unless an agent runs: LevelDB can crash.
async function verification(directory: string): Promise<AsyncIterable<Step<Found>>> {
  const { connect } = await import('../../../lib/index.ts')
  const agent = await connect(directory)
  return agent === undefined ? inChild<Found>('verify-log', { directory }) : agent.db.verify()
}

// A log that can't be opened, or that crashes its reader, is damaged: that is a result too.
async function asFound(error: unknown): Promise<Found> {
  const { TidingsError } = await import('../../../lib/index.ts')
  if (error instanceof ChildDied && error.signal !== null) {
    const message = `LevelDB crashed the process that read the log (${error.signal}): a table is damaged`
    return { ok: false, problems: [{ message }] }
  }
  if (!(error instanceof TidingsError)) throw error
  const { code, details, message } = error
  if (code !== 'TIDINGS_LOG_DAMAGED' && !message.includes('Corruption')) throw error
  const { seq } = details
  return { ok: false, problems: [{ message, ...(typeof seq === 'number' ? { seq } : {}) }] }
}

function* sentences(problems: readonly Problem[], isShared: boolean): Generator<string> {
  if (problems.length === 0) {
    yield 'the log is intact'
    return
  }
  for (const { message } of problems) yield message
  const first = problems.flatMap(({ seq }) => (seq === undefined ? [] : [seq])).toSorted((a, b) => a - b)[0]
  yield `${plural(problems.length, 'problem')}${first === undefined ? '' : `; the first event in doubt is ${first}`}. ${isShared ? 'Restore a backup of the database' : 'Restore a backup (tidings db restore), or recover what is intact (tidings db repair)'}`
}
