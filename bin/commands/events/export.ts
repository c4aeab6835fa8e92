import { constants, createWriteStream, type Stats } from 'node:fs'
import { access, chmod, chown, copyFile, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { StoredEvent } from '../../../lib/index.ts'
import { isPostgres } from '../../../lib/log-places.ts'
import { command } from '../../cli/command.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { eventText, format, formatOf } from '../../formats/event-formats.ts'
import { askLog } from '../../logs/ask-log.ts'
import { whichLog } from '../../logs/which-log.ts'
import { plural } from '../../print/format.ts'
import { print, printJson, printLine } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'
import { needFolder } from '../shared/file-to-write.ts'
import { shown } from './ls.ts'
import { searching, searchOf } from './search.ts'

export const exportCommand = command({
  summary:
    'Write events, oldest first, to standard output or a file: by default one JSON object per line (NDJSON). tidings events import reads every format back.',
  takes: [],
  options: { to: { type: 'string', describe: 'Write to this file' }, format, ...searching, ...reading },
  examples: [
    ['--to events.ndjson', 'Writes all events to a file'],
    ["--type 'github.*' --since 30d | gzip > github.ndjson.gz", 'Writes what came from GitHub in the last month'],
    ['--format csv --to events.csv', 'Writes a table for a spreadsheet'],
  ],
  run: (given) => {
    const as = formatOf(given.format ?? 'ndjson')
    return askLog(given, async ({ events, db }) => {
      const { to } = given
      const found = events.list(searchOf(given))
      const text: TextOf = (each) => eventText(as, each, () => db.id())
      if (to === undefined) {
        for await (const piece of text(found)) await print(shown(piece))
        return exitCodes.ok
      }
      const target = await targetOf(to, await whichLog(given))
      if (target.replaces !== undefined) await confirm(`this replaces the existing file ${to}`, given.yes)
      const count = await save(found, text, target)
      if (given.json) printJson({ count, to })
      else printLine(`${plural(count, 'event')} exported to ${to}`)
      return exitCodes.ok
    })
  },
})

/** Turns events into the text of a format. */
type TextOf = (events: AsyncIterable<StoredEvent>) => AsyncIterable<string>

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
  if (found?.isDirectory()) throw new UsageError(`${to} is a folder, not a file`)
  if (found?.isBlockDevice()) throw new UsageError(`${to} is a disk, not a file`)
  // Paths such as /dev/stdout are already open.
  if (/^\/(dev|proc)\//.test(to) || (found !== undefined && !found.isFile())) return { path: to, isFile: false }
  if (found === undefined) await needFolder('--to', to)
  const path = await followed(to)
  if (!isPostgres(log) && (await realpath(dirname(path))) === (await realpath(log)))
    throw new UsageError(`${to} is in the folder of the log`)
  if (found === undefined) return { path, isFile: true }
  await access(path, constants.W_OK)
  return { path, isFile: true, replaces: found }
}

// A link may point to a file that does not exist yet.
async function followed(path: string): Promise<string> {
  const next = await readlink(path).catch(() => undefined)
  return next === undefined ? path : followed(resolve(await realpath(dirname(path)), next))
}

async function save(
  found: AsyncIterable<StoredEvent>,
  text: TextOf,
  { path, isFile, replaces }: Target,
): Promise<number> {
  const progress = progressBar('exporting events')
  let count = 0
  const lines = Readable.from(text(counted(found, () => progress.show((count += 1)))))
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

async function* counted(events: AsyncIterable<StoredEvent>, count: () => void): AsyncGenerator<StoredEvent> {
  for await (const event of events) {
    count()
    yield event
  }
}
