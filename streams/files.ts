import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import {
  always,
  type Draft,
  type Duration,
  defineStream,
  eventType,
  every,
  type JobContext,
  job,
} from '../lib/index.ts'
import { systemClock } from '../lib/streams.ts'
import { byTime, type Change, compare } from './files/compare.ts'
import { shownPath } from './files/file-name.ts'
import { type Choice, choiceOf } from './files/glob.ts'
import { Known } from './files/known.ts'
import { type Scan, scan, UNKNOWN } from './files/scan.ts'
import { pause, Watcher } from './files/watcher.ts'
import { choice, count, duration, type Field, flag, listOf, optionsOf, text } from './shared/options.ts'

/** The options of the `files` stream. */
export interface FilesOptions {
  /** The folder; it is watched with all its subfolders. */
  readonly path: string
  /**
   * Which files: one pattern or several; default all. `*.pdf` is about names, `inbox/**` about paths below the folder.
   * `*` and `?` stay within a name, `**` spans folders, `{a,b}` is one of several.
   */
  readonly glob?: string | readonly string[]
  /**
   * Which files and folders to leave out, as patterns; default those whose name begins with a dot. Leave out the folder of
   * the agent's own log, `.tidings`, too: every event changes it.
   */
  readonly ignore?: string | readonly string[]
  /**
   * Whether the system is asked to report changes, by chokidar; default true. Then the job never ends. False: it only
   * looks every so often, which suits network drives, and folders in which hundreds of files change each second.
   */
  readonly watch?: boolean
  /** How often to look, whatever the system reports, in ms or as a duration, from 100 ms; default `'1m'`. */
  readonly every?: Duration
  /** How long the size and the time of a file must stay the same before it counts; default `'2s'`, from 0. */
  readonly stable?: Duration
  /** How many of the files that exist at the first look appear, the newest; default 0. */
  readonly backfill?: number
  /** What to tell; default all three. */
  readonly events?: readonly ('appeared' | 'changed' | 'gone')[]
}

/** The data of the events of `files`. */
export interface FileChange {
  /** The folder, as the options name it. */
  readonly folder: string
  /** The file below the folder, with `/` between the parts. Bytes that are not UTF-8 are U+FFFD. */
  readonly path: string
  /** The whole path of the file. */
  readonly file: string
  /** Its size in bytes; of a file that is gone, the last one known. */
  readonly bytes: number
  /** When it was modified, ISO 8601 in UTC; of a file that is gone, the last time known. */
  readonly modified: string
}

const appeared = eventType('files.appeared').of<FileChange>()
const changed = eventType('files.changed').of<FileChange>()
const gone = eventType('files.gone').of<FileChange>()
const events = { appeared, changed, gone }

const KINDS = ['appeared', 'changed', 'gone'] as const

const options = optionsOf<FilesOptions>()({
  path: text(),
  glob: patterns([]),
  ignore: patterns(['.*']),
  watch: flag(true),
  every: duration('1m', { min: 100 }),
  stable: duration('2s', { min: 0 }),
  backfill: count(0),
  events: listOf<Change['kind']>(choice(KINDS), KINDS),
})

/**
 * Publishes which files of a folder on this machine appear, change and go. Needs the package `chokidar`, unless `watch`
 * is false.
 *
 * The job compares the folder with what it knew, so nothing is missed while the agent is down. What exists at the first
 * look does not appear. A file counts once it is stable, that is, once its writer seems to be done. A file of up to 1 MiB
 * whose bytes are the same as before has not changed; of a larger one, size and time decide. A file that is moved goes
 * and appears; one that comes back appears again.
 *
 * Links to files are followed, links to folders are not. A folder that can't be read is logged, and its files
 * cause no events until it can. The same holds for a whole folder whose drive is away. A folder that is missing is logged.
 *
 * **Limits.** A watched folder costs one watch of the system for each subfolder (Linux: `fs.inotify.max_user_watches`);
 * a folder that can't be watched is still looked at. A look at 100 000 files takes some seconds and 150 MB, and it rests for
 * four times as long; files of up to 1 MiB are read once at the first look.
 *
 * **Errors.** `TIDINGS_PACKAGE_MISSING` without chokidar. What the file system refuses is logged as a warning.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { files } from 'tidings/streams/files'
 *
 * export default agent('home', [
 *   files({ path: 'inbox', glob: '*.pdf' }),
 *   listener('inbox', on(files.appeared), ({ data }) => console.log(`${data.file} has ${data.bytes} bytes`)),
 * ])
 * ```
 */
export const files = defineStream({
  name: 'files',
  summary: 'Files of a folder that appear, change and go.',
  events,
  options,
  jobs: (settings) => {
    const folder = new WatchedFolder(settings)
    const run = { publishes: settings.events.map((kind) => events[kind]), flood: false } as const
    // A large folder takes its time.
    return settings.watch
      ? [job('changes', always(), (context) => folder.watch(context), run)]
      : [job('changes', every(`${settings.every}ms`), (context) => folder.poll(context), { ...run, timeout: '1h' })]
  },
})

interface Settings {
  readonly path: string
  readonly glob: readonly string[]
  readonly ignore: readonly string[]
  readonly every: number
  readonly stable: number
  readonly backfill: number
  readonly events: readonly Change['kind'][]
}

/** The pause between two looks, in ms, and in terms of how long a look takes: it uses a fifth of a processor at most. */
const REST = { least: 100, most: 60_000, share: 4 }

/** The longest wait for a folder that is missing, in ms. */
const MISSING = 2000

class WatchedFolder {
  readonly #settings: Settings
  readonly #root: string
  readonly #choice: Choice

  constructor(settings: Settings) {
    this.#settings = settings
    this.#root = resolve(settings.path)
    this.#choice = choiceOf(settings.glob, settings.ignore)
  }

  /** Looks once. */
  async *poll(context: JobContext): AsyncGenerator<Draft> {
    const known = await Known.load(context.state)
    yield* this.#look(known, new Problems(context), context)
    known.save(context.state)
  }

  /** Looks whenever something happens, and every so often, until the run must end. */
  async *watch(context: JobContext): AsyncGenerator<Draft> {
    const { signal, state } = context
    const known = await Known.load(state)
    const problems = new Problems(context)
    let watcher: Watcher | undefined
    let watched: string | undefined
    try {
      while (!signal.aborted) {
        const began = systemClock.now()
        const { due, folder } = yield* this.#look(known, problems, context)
        if (known.save(state)) await state.save()
        if (folder !== watched) {
          // Another folder is there now, or none. A new watcher prompts a look when it is ready.
          await watcher?.close()
          watcher = folder === undefined ? undefined : await Watcher.open(this.#root, this.#choice, problems)
          watched = folder
        }
        const rest = REST.share * (systemClock.now() - began)
        await pause(Math.max(REST.least, Math.min(rest, REST.most)), signal)
        const longest = Math.min(this.#settings.every, due ?? Infinity, watcher === undefined ? MISSING : Infinity)
        await (watcher?.wait(longest, signal) ?? pause(longest, signal))
      }
    } finally {
      await watcher?.close()
    }
  }

  async *#look(known: Known, problems: Problems, context: JobContext): AsyncGenerator<Draft, Looked> {
    const { events: wanted, stable } = this.#settings
    const found = await scan(this.#root, this.#choice, context.signal)
    const away = isAway(known, found)
    problems.scanned(away ? [`the drive of ${this.#root} seems to be away`] : found.problems)
    if (away) return { folder: found.folder, due: undefined }
    const { first, quiet } = this.#begin(known, found)
    const how = { root: this.#root, choice: this.#choice, now: context.now(), stable, quiet }
    const { changes, due } = await compare(known, found, how)
    for (const change of first ? this.#backfilled(known) : changes) {
      if (wanted.includes(change.kind)) yield events[change.kind](this.#identifier(change), this.#data(change))
    }
    return { folder: found.folder, due }
  }

  /** Whether this is the first look at this folder, or the first with these patterns. Files are not news then. */
  #begin(known: Known, { device }: Scan): { readonly first: boolean; readonly quiet: boolean } {
    const { glob, ignore } = this.#settings
    const patterns = JSON.stringify([glob, ignore])
    const before = known.folder?.root === this.#root ? known.folder : undefined
    if (before === undefined) known.clear()
    const after = { root: this.#root, patterns, device: device === UNKNOWN ? (before?.device ?? UNKNOWN) : device }
    const quiet = before?.patterns !== patterns
    if (quiet || before.device !== after.device) known.setFolder({ ...after, floor: before?.floor ?? 0 })
    return { first: before === undefined, quiet }
  }

  /** Lets the newest files of the first look appear. */
  #backfilled(known: Known): Change[] {
    const { backfill } = this.#settings
    if (backfill === 0) return []
    const all = [...known.entries()].flatMap(([key, { print }]) => (print === undefined ? [] : [{ key, print }]))
    const newest = all.sort(byTime).slice(-backfill)
    for (const { key, print } of newest) known.set(key, { told: 1, print })
    return newest.map((one) => ({ kind: 'appeared', nth: 1, ...one }))
  }

  // The count tells apart a file that comes back as it was; time and size, a state that was lost.
  #identifier({ key, nth, print }: Change): string {
    const whole = `${this.#root}/${key} ${nth} ${print.mtime} ${print.size}`
    const isPlain = !key.includes('\0') && Buffer.byteLength(whole) <= 1024
    return isPlain ? whole.toWellFormed() : createHash('sha256').update(whole).digest('base64url')
  }

  #data({ key, print }: Change): FileChange {
    const path = shownPath(key).toWellFormed()
    const modified = new Date(Number.isNaN(new Date(print.mtime).getTime()) ? 0 : print.mtime).toISOString()
    return { folder: this.#settings.path, path, file: join(this.#root, path), bytes: print.size, modified }
  }
}

interface Looked extends Pick<Scan, 'folder'> {
  /** In how many ms it should look again. */
  readonly due: number | undefined
}

/**
 * Whether a drive was taken away, rather than all files deleted: the folder is missing or empty, and its place
 * belongs to another device.
 */
function isAway({ folder }: Known, found: Scan): boolean {
  if (folder === undefined || found.device === folder.device) return false
  return found.folder === undefined || (found.files.length === 0 && found.unread.length === 0)
}

/** Logs what went wrong, once for as long as it stays the same. */
class Problems {
  readonly #logger: JobContext['logger']
  #before = ''

  constructor({ logger }: JobContext) {
    this.#logger = logger
  }

  scanned(problems: readonly string[]): void {
    const now = problems.join('\n')
    if (now !== this.#before && problems.length > 0)
      this.#logger.warn({ problems: problems.slice(0, 10), count: problems.length }, 'folder not read in full')
    this.#before = now
  }

  watching(error: Error): void {
    this.#logger.warn({ err: error }, 'folder not watched: it is looked at every so often')
  }
}

/** One pattern or several. */
function patterns(fallback: readonly string[]): Field<readonly string[]> {
  const read = (value: unknown): readonly string[] | undefined => {
    const all: unknown[] = [value].flat(1)
    return all.every((one) => typeof one === 'string' && one !== '') ? (all as string[]) : undefined
  }
  return { expected: "a pattern such as '*.pdf', or a list of patterns", fallback, read }
}
