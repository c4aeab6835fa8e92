import { asError, TidingsError } from '../core/errors.ts'
import { lines } from '../core/lines.ts'
import type { Log } from '../log/port.ts'
import { readEvent } from './import-line.ts'

/** How many events were read, and what became of them. */
export interface ImportAnswer {
  readonly events: number
  readonly new: number
  readonly changed: number
  readonly duplicate: number
}

/** A line of JSON has at most so many characters: many times what a log takes as data, unless it was told to. */
const LONGEST = 8 * 1024 * 1024

/** So many events are offered together, while as many before them are being written. */
const TOGETHER = 512

/** What comes from the log itself, and says nothing about a line. */
const ofTheLog = new Set(['TIDINGS_LOG_FAILED', 'TIDINGS_LOG_CLOSED', 'TIDINGS_LOG_DAMAGED'])

/**
 * Stores events of another log, one a line of JSON, in order, told to nobody. What is there already is skipped, so that
 * it can be begun again. Only a part of them is in memory at any time.
 *
 * @throws TidingsError `TIDINGS_IMPORT_INVALID`, whose `details.line` is the first line that is none; those before it
 *   are stored. Errors of the log as `accept` has them
 */
export async function importEvents(log: Log, pieces: AsyncIterable<Uint8Array>): Promise<ImportAnswer> {
  const counts = { events: 0, new: 0, changed: 0, duplicate: 0, offered: 0 }
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
      fail(line, error)
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
  return answer
}

function explain({ line, error }: { readonly line: number; readonly error: unknown }): unknown {
  const { code } = error as { readonly code?: unknown }
  const ofTheLine = error instanceof RangeError || error instanceof TypeError || String(code).startsWith('TIDINGS_')
  if (!ofTheLine || ofTheLog.has(String(code))) return error
  const message = `line ${line}: ${asError(error).message}; the lines before it are imported`
  return new TidingsError('TIDINGS_IMPORT_INVALID', message, { cause: error, details: { line } })
}
