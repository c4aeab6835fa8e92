import { createReadStream, statSync } from 'node:fs'
import type { ImportAnswer, LogOptions } from '../../lib/index.ts'
import { exitCodes, Mistake } from '../frame/mistake.ts'
import { askAt } from '../logs/ask-log.ts'
import { logToFill } from '../logs/which-log.ts'
import { printJson } from '../print/json.ts'
import { type ProgressBar, progressBar } from '../print/progress-bar.ts'
import { some } from '../print/words.ts'
import type { Asked } from '../steering/asked.ts'
import { isSqlite, sqliteEvents } from './sqlite-events.ts'

/** What `tidings events import` is asked for. */
export interface ImportOptions extends Asked {
  readonly identity?: string | undefined
}

/** Stores the events of a file, or of standard input (`-`), untold, and says how many; resolves to the exit code. */
export async function importEvents(file: string, asked: ImportOptions): Promise<number> {
  const identity = identityOf(asked.identity)
  const directory = await logToFill(asked)
  const progress = progressBar('importing events')
  const source = await open(file, progress)
  const answer = await askAt(directory, ({ events }) => events.import(source), { identity }).finally(progress.end)
  if (asked.json) printJson(answer)
  else console.log(sentence(answer))
  return exitCodes.ok
}

function identityOf(given: string | undefined): LogOptions['identity'] {
  if (given === undefined || given === 'type' || given === 'identifier') return given
  throw new Mistake(`--identity is type or identifier, got ${JSON.stringify(given)}`)
}

async function open(file: string, progress: ProgressBar): Promise<AsyncIterable<Uint8Array>> {
  if (file === '-') return measured(process.stdin, progress)
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined || found.isDirectory()) throw new Mistake(`there is no file ${file}`)
  // A pipe can't be looked into without taking something out.
  if (found.isFile() && (await isSqlite(file))) return sqliteEvents(file, (done, all) => progress.show(done, all))
  return measured(createReadStream(file), progress, found.isFile() ? found.size : undefined)
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
