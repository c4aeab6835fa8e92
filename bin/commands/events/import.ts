import { createReadStream, statSync } from 'node:fs'
import type { ImportAnswer, LogOptions, SkippedLine } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import type { EventLines } from '../../formats/read-events.ts'
import { askAt } from '../../logs/ask-log.ts'
import { logToFill } from '../../logs/which-log.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine, printProblem } from '../../print/print.ts'
import { type ProgressBar, progressBar } from '../../print/progress.ts'

export const importCommand = command({
  summary:
    "Store the events of another log: from a file that tidings events export wrote, in any of its formats (- is standard input), of CloudEvents, or from the Python agent's SQLite file. No listener receives them. They keep their time, and known ones are skipped, so an import can be repeated. A line that is not an event ends the import; a row of SQLite, or any line with --skip, is skipped and reported, and the exit code is 1. With --db or --agent, a missing log is created.",
  takes: ['FILE'],
  options: {
    identity: {
      type: 'string',
      describe: 'What identifies an event in a new log: type (and identifier), or identifier alone',
    },
    skip: { type: 'boolean', describe: 'Skip and report lines that are not events, and continue' },
    ...reading,
  },
  examples: [
    ['events.ndjson', 'Imports what tidings events export wrote'],
    [
      'py_agent.db --agent home --identity identifier',
      "Imports the Python agent's events, with its notion of identity",
    ],
    ['events.csv', 'Imports a table with the columns type, identifier and data'],
    ['- --db backup < events.ndjson', 'Imports from standard input into another log'],
  ],
  failsIf: 'lines were skipped',
  run: async (given) => {
    const identity = identityOf(given.identity)
    const directory = await logToFill(given)
    const progress = progressBar('importing events')
    const source = await open(given._[0] ?? '', progress)
    const skip = source.skips === true || given.skip === true
    const { skipped: refused, ...answer } = await askAt(
      directory,
      ({ events }) => events.import(source.lines, { skip }),
      {
        identity,
      },
    ).finally(progress.end)
    const first = [...source.skipped, ...(refused?.first ?? [])].sort((a, b) => a.line - b.line)
    const count = source.skipped.length + (refused?.count ?? 0)
    const { unit } = source
    for (const { line, message } of first.slice(0, MOST_LISTED)) printProblem(`${unit} ${line}: ${message}; skipped`)
    if (count > MOST_LISTED) printProblem(`${count - MOST_LISTED} more ${unit}s were skipped`)
    if (given.json)
      printJson(count === 0 ? answer : { ...answer, skipped: { count, first: first.slice(0, MOST_LISTED) } })
    else printLine(`${sentence(answer)}${count === 0 ? '' : `; ${plural(count, unit)} skipped`}`)
    return count === 0 ? exitCodes.ok : exitCodes.failed
  },
})

/** Reports at most this many skipped units one by one. */
const MOST_LISTED = 20

function identityOf(given: string | undefined): LogOptions['identity'] {
  if (given === undefined || given === 'type' || given === 'identifier') return given
  throw new UsageError(`--identity must be type or identifier, got ${JSON.stringify(given)}`)
}

/** An import source. `unit`: what holds one event; `skipped`: the units that could not be read, known at the end. */
interface Source {
  readonly lines: AsyncIterable<Uint8Array>
  readonly unit: EventLines['unit']
  /** Units that are not events were skipped already, and do not end the import. */
  readonly skips?: true
  readonly skipped: SkippedLine[]
}

async function open(file: string, progress: ProgressBar): Promise<Source> {
  const [{ isSqlite, sqliteEvents }, { readEvents }] = await Promise.all([
    import('../../history/sqlite-events.ts'),
    import('../../formats/read-events.ts'),
  ])
  const ofLines = async (pieces: AsyncIterable<Uint8Array>, size?: number): Promise<Source> => {
    return { ...(await readEvents(measured(pieces, progress, size))), skipped: [] }
  }
  if (file === '-') return ofLines(process.stdin)
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) throw new UsageError(`there is no file ${file}`)
  if (found.isDirectory()) throw new UsageError(`${file} is a folder, not a file`)
  // Peeking into a pipe would consume data.
  if (!found.isFile() || !(await isSqlite(file)))
    return ofLines(createReadStream(file), found.isFile() ? found.size : undefined)
  const skipped: SkippedLine[] = []
  const skip = (line: number, message: string): void => void skipped.push({ line, message })
  return { lines: await sqliteEvents(file, { progress: progress.show, skip }), unit: 'row', skips: true, skipped }
}

async function* measured(
  pieces: AsyncIterable<Uint8Array>,
  progress: ProgressBar,
  size?: number,
): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const piece of pieces) {
    yield piece
    progress.show((done += piece.length), size)
  }
}

function sentence({ events, new: fresh, changed, duplicate }: ImportAnswer): string {
  const parts = [`${fresh} new`, `${changed} changed`, `${duplicate} already known`]
  return `${plural(events, 'event')} imported, delivered to no listener: ${parts.join(', ')}`
}
