import { asError, TidingsError } from '../../core/errors.ts'
import { lines } from '../../core/lines.ts'
import type { Log } from '../../log/port.ts'
import { readEvent } from './import-line.ts'

/** A skipped line: its number, counted from 1, and the reason. */
export interface SkippedLine {
  /** The number of the line, from 1. */
  readonly line: number
  /** Why the line was skipped. */
  readonly message: string
}

/** Options of an import. */
export interface ImportOptions {
  /** Continue after a line that is not an event, or does not fit the log; by default such a line ends the import. */
  readonly skip?: boolean
}

/** How many events were read, and the outcome. */
export interface ImportAnswer {
  /** How many events were read and offered to the log. */
  readonly events: number
  /** How many of them had a new identity. */
  readonly new: number
  /** How many of them changed a known identity. */
  readonly changed: number
  /** How many of them the log already had. */
  readonly duplicate: number
  /** The skipped lines; absent if no line was skipped. */
  readonly skipped?: {
    /** How many lines were skipped. */
    readonly count: number
    /** The first hundred of them. */
    readonly first: readonly SkippedLine[]
  }
}

/** How many skipped lines the answer lists. */
const MOST_LISTED = 100

/** The most characters in a line of JSON: many times what a log accepts as data by default. */
const LONGEST = 8 * 1024 * 1024

/** How many events are offered to the log at once, while as many before them are being written. */
const TOGETHER = 512

/** Errors of the log itself, which say nothing about a line. */
const ofTheLog = new Set(['TIDINGS_LOG_FAILED', 'TIDINGS_LOG_CLOSED', 'TIDINGS_LOG_DAMAGED'])

/**
 * Stores events of another log, one line of JSON each, in order, and delivers them to no listener. Skips events that
 * the log already has, so that an import can be restarted. Only some of the events are in memory at any time.
 *
 * @throws TidingsError `TIDINGS_IMPORT_INVALID`, whose `details.line` is the first line that is not an event or, with
 *   `skip`, where the text becomes unreadable; the lines before it are stored. Also the errors that `accept` throws
 */
export async function importEvents(
  log: Log,
  pieces: AsyncIterable<Uint8Array>,
  { skip = false }: ImportOptions = {},
): Promise<ImportAnswer> {
  const counts = { events: 0, new: 0, changed: 0, duplicate: 0, offered: 0 }
  const skipped: SkippedLine[] = []
  let skips = 0
  let failed: { readonly line: number; readonly error: unknown } | undefined
  const fail = (line: number, error: unknown): void => {
    if (failed === undefined || line < failed.line) failed = { line, error }
  }
  const accept = async (line: number, text: string): Promise<void> => {
    try {
      const { draft, origin } = readEvent(text)
      const [receipt] = await log.accept([draft], origin(log.clock.now()))
      counts.events += 1
      if (receipt !== undefined) counts[receipt.status] += 1
    } catch (error) {
      if (!skip || !isOfTheLine(error)) return fail(line, error)
      skips += 1
      if (skipped.length < MOST_LISTED) skipped.push({ line, message: asError(error).message })
    }
  }
  let line = 0
  let writing: Promise<unknown> = Promise.resolve()
  let next: Promise<void>[] = []
  try {
    for await (const text of lines(pieces, LONGEST)) {
      line += 1
      if (text.trim() !== '') next.push(accept(line, text))
      if (next.length < TOGETHER && failed === undefined) continue
      await writing
      writing = Promise.all(next)
      next = []
      if (failed !== undefined) break
    }
  } catch (error) {
    fail(line + 1, error)
  }
  await writing
  await Promise.all(next)
  if (failed !== undefined) throw explain(failed)
  const { offered: _, ...answer } = counts
  const first = skipped.toSorted((a, b) => a.line - b.line)
  return skips === 0 ? answer : { ...answer, skipped: { count: skips, first } }
}

// An error of the log itself is not the line's fault.
function isOfTheLine(error: unknown): boolean {
  const code = String((error as { readonly code?: unknown }).code)
  return code.startsWith('TIDINGS_') && !ofTheLog.has(code)
}

function explain({ line, error }: { readonly line: number; readonly error: unknown }): unknown {
  const ofTheText = error instanceof RangeError || error instanceof TypeError
  if (!ofTheText && !isOfTheLine(error)) return error
  const message = `line ${line}: ${asError(error).message}; the lines before it are imported`
  return new TidingsError('TIDINGS_IMPORT_INVALID', message, { cause: error, details: { line } })
}
