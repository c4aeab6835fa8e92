import { constants, createWriteStream, type Stats } from 'node:fs'
import { access, chmod, chown, copyFile, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { StoredEvent } from '../../../lib/index.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes, Mistake } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { whichLog } from '../../logs/which-log.ts'
import { jsonLine, printJson } from '../../print/json.ts'
import { print } from '../../print/print.ts'
import { progressBar } from '../../print/progress-bar.ts'
import { tell } from '../../print/tell.ts'
import { some } from '../../print/words.ts'
import type { Asked } from '../shared/asked.ts'
import { questionOf, type Wanted } from './event-question.ts'

/** Writes events as JSON lines to standard output or to a file; resolves to the exit code. */
export function exportEvents(asked: Wanted & Asked & { readonly to?: string | undefined }): Promise<number> {
  return askLog(asked, async ({ events }) => {
    const { to } = asked
    const found = events.list(questionOf(asked))
    if (to === undefined) {
      for await (const line of linesOf(found)) await print(line)
      return exitCodes.ok
    }
    const target = await targetOf(to, await whichLog(asked))
    if (target.replaces !== undefined) await confirm(`${to} is there already, and would be replaced`, asked.yes)
    const count = await save(found, target)
    if (asked.json) printJson({ count, to })
    else tell(`${some(count, 'event')} exported to ${to}`)
    return exitCodes.ok
  })
}

/**
 * Where events are written. Links are followed and preserved.
 *
 * - `isFile`: it is, or becomes, a regular file. Anything else, such as a FIFO or `/dev/null`, is opened directly
 * - `replaces`: the existing file
 */
interface Target {
  readonly path: string
  readonly isFile: boolean
  readonly replaces?: Stats
}

async function targetOf(to: string, log: string): Promise<Target> {
  const found = await stat(to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
  if (found?.isDirectory()) throw new Mistake(`${to} is a folder: --to needs a file`)
  if (found?.isBlockDevice()) throw new Mistake(`${to} is a disk: --to needs a file`)
  // Paths such as /dev/stdout are already open.
  if (/^\/(dev|proc)\//.test(to) || (found !== undefined && !found.isFile())) return { path: to, isFile: false }
  const path = await followed(to)
  if ((await realpath(dirname(path))) === (await realpath(log))) throw new Mistake(`${to} is in the folder of the log`)
  if (found === undefined) return { path, isFile: true }
  await access(path, constants.W_OK)
  return { path, isFile: true, replaces: found }
}

// A link may point to a file that does not exist yet.
async function followed(path: string): Promise<string> {
  const next = await readlink(path).catch(() => undefined)
  return next === undefined ? path : followed(resolve(await realpath(dirname(path)), next))
}

async function save(found: AsyncIterable<StoredEvent>, { path, isFile, replaces }: Target): Promise<number> {
  const progress = progressBar('exporting events')
  let count = 0
  const lines = Readable.from(linesOf(found, () => progress.show((count += 1))))
  try {
    if (isFile) await replace(path, replaces, lines)
    else await pipeline(lines, createWriteStream(path, { flags: 'a' }))
    return count
  } finally {
    progress.end()
  }
}

// Writes to a temporary name until complete, as half a file looks like a whole one. A replaced file keeps its mode, its
// owner and its other names.
async function replace(path: string, old: Stats | undefined, lines: Readable): Promise<void> {
  const part = `${path}.${process.pid}.part`
  const file = await open(part, 'wx', 0o600)
  try {
    await pipeline(lines, file.createWriteStream())
    if (old !== undefined) {
      // Only root may change the owner.
      await chown(part, old.uid, old.gid).catch(() => undefined)
      await chmod(part, old.mode & 0o777)
    }
    if (old !== undefined && old.nlink > 1) await copyFile(part, path)
    else await rename(part, path)
  } finally {
    await rm(part, { force: true })
  }
}

async function* linesOf(events: AsyncIterable<StoredEvent>, counted?: () => void): AsyncGenerator<string> {
  for await (const event of events) {
    counted?.()
    yield jsonLine(event)
  }
}
