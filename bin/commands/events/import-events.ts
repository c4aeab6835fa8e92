import { createReadStream, statSync } from 'node:fs'
import type { ImportAnswer, LogOptions, SkippedLine } from '../../../lib/index.ts'
import { exitCodes, Mistake } from '../../cli/mistake.ts'
import { askAt } from '../../logs/ask-log.ts'
import { logToFill } from '../../logs/which-log.ts'
import { complain } from '../../print/complain.ts'
import { printJson } from '../../print/json.ts'
import { type ProgressBar, progressBar } from '../../print/progress-bar.ts'
import { tell } from '../../print/tell.ts'
import { some } from '../../print/words.ts'
import { isSqlite, sqliteEvents } from '../../sqlite/sqlite-events.ts'
import type { Asked } from '../shared/asked.ts'

/** Options of `tidings events import`. */
export interface ImportOptions extends Asked {
  readonly skip?: boolean | undefined
  readonly identity?: string | undefined
}

/**
 * Stores the events of a file, or of standard input (`-`), without telling listeners. Prints how many, and which lines
 * or rows were not events; resolves to the exit code.
 */
export async function importEvents(file: string, asked: ImportOptions): Promise<number> {
  const identity = identityOf(asked.identity)
  const directory = await logToFill(asked)
  const progress = progressBar('importing events')
  const source = await open(file, progress)
  const skip = source.unit === 'row' || asked.skip === true
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
  for (const { line, message } of first.slice(0, MOST_TOLD)) complain(`${unit} ${line}: ${message}; skipped`)
  if (count > MOST_TOLD) complain(`${count - MOST_TOLD} more ${unit}s were skipped`)
  if (asked.json) printJson(count === 0 ? answer : { ...answer, skipped: { count, first: first.slice(0, MOST_TOLD) } })
  else tell(`${sentence(answer)}${count === 0 ? '' : `; ${some(count, unit)} skipped`}`)
  return count === 0 ? exitCodes.ok : exitCodes.failed
}

/** Reports at most this many skipped units one by one. */
const MOST_TOLD = 20

function identityOf(given: string | undefined): LogOptions['identity'] {
  if (given === undefined || given === 'type' || given === 'identifier') return given
  throw new Mistake(`--identity is type or identifier, got ${JSON.stringify(given)}`)
}

/** An import source. `unit`: what holds one event; `skipped`: the units that could not be read, known at the end. */
interface Source {
  readonly lines: AsyncIterable<Uint8Array>
  readonly unit: 'line' | 'row'
  readonly skipped: SkippedLine[]
}

async function open(file: string, progress: ProgressBar): Promise<Source> {
  const ofLines = (pieces: AsyncIterable<Uint8Array>, size?: number): Source => {
    return { lines: measured(pieces, progress, size), unit: 'line', skipped: [] }
  }
  if (file === '-') return ofLines(process.stdin)
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined || found.isDirectory()) throw new Mistake(`there is no file ${file}`)
  // Peeking into a pipe would consume data.
  if (!found.isFile() || !(await isSqlite(file)))
    return ofLines(createReadStream(file), found.isFile() ? found.size : undefined)
  const skipped: SkippedLine[] = []
  const skip = (line: number, message: string): void => void skipped.push({ line, message })
  return { lines: await sqliteEvents(file, { progress: progress.show, skip }), unit: 'row', skipped }
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
  const parts = [`${fresh} new`, `${changed} changed`, `${duplicate} known already`]
  return `${some(events, 'event')} imported, told to nobody: ${parts.join(', ')}`
}
