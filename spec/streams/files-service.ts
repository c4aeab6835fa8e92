import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Draft } from '../../lib/index.ts'
import { type FileChange, type FilesOptions, files } from '../../streams/files.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { watchStream } from '../support/watch-stream.ts'

/** A folder, and an agent that looks at it when asked to; its clock stands still. */
export async function watchFolder(t: TestContext, options: Partial<FilesOptions> = {}) {
  const path = options.path ?? temporaryDirectory(t)
  const clock = { now: Date.UTC(2026, 10, 28) }
  const stream = files({ path, watch: false, stable: '2s', ...options })
  const watched = await watchStream(t, stream, { now: () => clock.now })
  /** Looks twice, because the first look waits for files to be stable. Returns the new events, as `appeared a.txt`. */
  const look = async (): Promise<string[]> => {
    const before = watched.told.length
    await watched.see()
    clock.now += 2000
    await watched.see()
    return watched.told.slice(before).map(wordsOf)
  }
  const write = (file: string, text: string, modified?: number): void => writeFile(join(path, file), text, modified)
  const remove = (file: string): void => rmSync(join(path, file), { recursive: true })
  return { ...watched, path, clock, look, write, remove }
}

/** Writes a file, and the folders around it, with a time in s since the epoch. */
export function writeFile(file: string, text: string, modified?: number): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  if (modified !== undefined) utimesSync(file, modified, modified)
}

/** An event in two words: `appeared a.txt`. */
export function wordsOf({ type, data }: { readonly type: string; readonly data: unknown }): string {
  return `${type.replace('files.', '')} ${(data as FileChange).path}`
}

/** One draft of each event type of the stream. */
export async function example(t: TestContext): Promise<readonly Draft[]> {
  const { told, look, write, remove } = await watchFolder(t)
  await look()
  write('report.pdf', 'draft', 1_700_000_000)
  await look()
  write('report.pdf', 'final version', 1_700_000_060)
  await look()
  remove('report.pdf')
  await look()
  return told.map(({ type, identifier, data }) => ({ type, identifier, data }))
}
