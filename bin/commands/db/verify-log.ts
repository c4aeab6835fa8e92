import { connect, type Problem, type Step, TidingsError } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { whichLog } from '../../logs/which-log.ts'
import { complain } from '../../print/complain.ts'
import { printJson } from '../../print/json.ts'
import { tell } from '../../print/tell.ts'
import { some } from '../../print/words.ts'
import type { Asked } from '../shared/asked.ts'
import { Died, inChild } from './in-child.ts'
import { withBar } from './work.ts'

interface Found {
  readonly ok: boolean
  readonly problems: readonly Problem[]
  readonly said?: readonly string[]
}

/** Cross-checks all records of a log and prints any damage; resolves to 0 if there is none. */
export async function verifyLog(asked: Asked): Promise<number> {
  const directory = await whichLog(asked)
  const agent = await connect(directory)
  const work: AsyncIterable<Step<Found>> =
    agent === undefined ? inChild<Found>('verify-log', { directory }) : agent.db.verify()
  const { ok, problems, said = [] } = await withBar('verifying the log', work).catch(asFound)
  for (const message of said) complain(message)
  if (asked.json) printJson({ ok, problems })
  else for (const line of sentences(problems)) tell(line)
  return ok ? exitCodes.ok : exitCodes.failed
}

// A log that can't be opened, or that crashes its reader, is damaged: that is a result too.
function asFound(error: unknown): Found {
  if (error instanceof Died && error.signal !== null) {
    const message = `LevelDB ended the process that read the log (${error.signal}): a table is damaged`
    return { ok: false, problems: [{ message }] }
  }
  if (!(error instanceof TidingsError)) throw error
  const { code, details, message } = error
  if (code !== 'TIDINGS_LOG_DAMAGED' && !message.includes('Corruption')) throw error
  const { seq } = details
  return { ok: false, problems: [{ message, ...(typeof seq === 'number' ? { seq } : {}) }] }
}

function* sentences(problems: readonly Problem[]): Generator<string> {
  if (problems.length === 0) {
    yield 'the log is as it was written'
    return
  }
  for (const { message } of problems) yield message
  const first = problems.flatMap(({ seq }) => (seq === undefined ? [] : [seq])).toSorted((a, b) => a - b)[0]
  yield `${some(problems.length, 'problem')}${first === undefined ? '' : `; the first event in doubt is ${first}`}. Restore a backup (tidings db restore), or see what is left (tidings db repair)`
}
