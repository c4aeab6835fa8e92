import { existsSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { columnsOf, cut, wrap } from '../core/columns.ts'
import { escape, escapeLines } from '../core/escape.ts'
import { ZoneClock } from '../core/zone-clock.ts'

/** The width of a terminal that does not say its own, in columns. */
const WIDTH = 80

/** The most columns of a value, unless the level is `debug` or lower. */
const LONGEST_VALUE = 40

/** Where several values have no room in a line, none is cut shorter than this. */
const SHORTEST_VALUE = 10

/** What a person has to open, such as the page of an agent: half of it is of no use. */
const WHOLE: ReadonlySet<string> = new Set(['address'])

/** The most columns of the name of what failed. */
const LONGEST_NAME = 20

/** What is left of a cause on a line that has no room for it, in columns. */
const SHORTEST_CAUSE = 20

/** The levels of pino, by number. */
const DEBUG = 20
const INFO = 30
const LABELS: Readonly<Record<number, string>> = { 10: 'TRACE', 20: 'DEBUG', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' }

/** How lines are printed. */
export interface PrettyOptions {
  /** The number of the lowest level that is logged. */
  readonly level: number
  readonly colored: boolean
  /** The present width of the terminal; undefined or 0: it does not say. */
  columns(): number | undefined
}

type Fields = Readonly<Record<string, unknown>>

/** An error as pino writes it. */
interface LoggedError {
  readonly type?: unknown
  readonly message?: unknown
  readonly stack?: unknown
}

/**
 * Formats log lines for a person at a terminal (decision 0069). JSON lines have everything; these have what fits:
 *
 * - No line is longer than the terminal. Messages are wrapped, long values are cut.
 * - A failure is one line: what failed, why, the user's own line of code, when it is tried again. Above `debug`, no stack.
 * - A run that found nothing new is left out above `debug`, and so is the beginning of each run.
 * - Times are in the zone of the agent; the first line names it.
 */
export class PrettyLines {
  readonly #options: PrettyOptions
  /** By agent; the latest also stands for lines that name none. */
  readonly #zones = new Map<unknown, ZoneClock>()
  #zone = new ZoneClock()
  /** The zone of the line that is being formatted. */
  #shown = this.#zone
  #last: { readonly zone: string; readonly day: string } | undefined

  constructor(options: PrettyOptions) {
    this.#options = options
  }

  /** The lines for one line of JSON, with line breaks; empty if it is left out. */
  format({ level, time, msg, ...fields }: Fields): string {
    if (msg === 'starting agent') this.#startsIn(fields)
    const isDetailed = this.#options.level <= DEBUG
    if (!isDetailed && level === INFO && isIdle(msg, fields)) return ''
    const width = this.#options.columns() || WIDTH
    // A failure says so itself.
    const isSaid = level === INFO || / failed\b/.test(String(msg))
    const label = isSaid ? '' : (LABELS[Number(level)] ?? escape(String(level)))
    const begin = [this.#timeOf(time, fields.agent, isDetailed), ...(label === '' ? [] : [label])].join(' ')
    const text = typeof msg === 'string' ? escape(msg) : ''
    const lines = isDetailed
      ? [...wrap(`${begin} ${text}${this.#fieldsOf(fields)}${causeOf(fields, text)}`, width), ...stackOf(fields, width)]
      : this.#short(`${begin} ${text}`, text, fields, width)
    return lines.map((line, i) => `${i === 0 ? this.#colored(line, begin, Number(level)) : line}\n`).join('')
  }

  #startsIn({ agent, timezone }: Fields): void {
    this.#zone = new ZoneClock(typeof timezone === 'string' ? timezone : undefined)
    this.#zones.set(agent, this.#zone)
  }

  // One line for a failure: the cause gives way, down to a few columns.
  #short(
    begin: string,
    text: string,
    { err, attempt, attempts, wait, ...fields }: Fields,
    width: number,
  ): readonly string[] {
    const again = againIn({ attempt, attempts, wait })
    if (err === undefined) {
      const rest = this.#outlookOf(text, fields) ?? this.#fieldsOf(fields, width - columnsOf(begin + again))
      return wrap(`${begin}${rest}${again}`, width)
    }
    const { job, listener, seq, slot: _, ...more } = fields
    const event = seq === undefined ? undefined : `event ${this.#valueOf(seq)}`
    const subject = [job, listener, event].filter((each) => each !== undefined)
    const words = `${begin}${subject.map((each) => ` ${cut(nameOf(each), LONGEST_NAME)}`).join('')}${this.#fieldsOf(more)}`
    const cause = causeOf({ err }, text)
    const least = Math.min(columnsOf(cause), SHORTEST_CAUSE)
    const frame = framesOf(err).find((each) => columnsOf(words + each + again) + least <= width) ?? ''
    const room = Math.max(least, width - columnsOf(words + frame + again))
    const end = `${frame}${again}`
    return [cut(`${cut(`${words}${cut(cause, room)}`, Math.max(least, width - columnsOf(end)))}${end}`, width)]
  }

  #timeOf(time: unknown, agent: unknown, isDetailed: boolean): string {
    const at = typeof time === 'string' || typeof time === 'number' ? new Date(time).getTime() : Number.NaN
    if (Number.isNaN(at)) return escape(String(time))
    const zone = this.#zones.get(agent) ?? this.#zone
    this.#shown = zone
    const [day = '', clock = ''] = zone.wall(at).split('T')
    const before = this.#last
    this.#last = { zone: zone.name, day }
    const date = before === undefined || before.day === day ? '' : `${day.slice('2026-'.length)} `
    const name = before?.zone === zone.name ? '' : ` ${zone.shortName}`
    return `${date}${clock.slice(0, isDetailed ? undefined : '13:48:13'.length)}${name}`
  }

  // Cuts the longest values, so that all have room in one line if that leaves enough of each.
  #fieldsOf(fields: Fields, room = Number.POSITIVE_INFINITY): string {
    const all = Object.entries(fields)
      .filter(([name, value]) => name !== 'err' && value !== undefined)
      .map(([name, value]) => [escape(name), this.#valueOf(value)] as const)
    const text = (longest: number): string =>
      all.map(([name, value]) => ` ${name}=${WHOLE.has(name) ? value : cut(value, longest)}`).join('')
    if (this.#options.level <= DEBUG) return text(Number.POSITIVE_INFINITY)
    for (let longest = LONGEST_VALUE; longest >= SHORTEST_VALUE; longest--)
      if (columnsOf(text(longest)) <= room) return text(longest)
    return text(LONGEST_VALUE)
  }

  #valueOf(value: unknown): string {
    const shown = typeof value === 'string' && INSTANT.test(value) ? this.#moment(value) : value
    return escape(typeof shown === 'string' && !/[\s"]|^$/.test(shown) ? shown : JSON.stringify(shown))
  }

  // Of another day with its date.
  #moment(instant: string): string {
    if (!INSTANT.test(instant)) return escape(instant)
    const [day = '', clock = ''] = this.#shown.wall(new Date(instant).getTime()).split('T')
    return `${day === this.#last?.day ? '' : `${day} `}${clock.slice(0, '13:48:13'.length)}`
  }

  // Where the log of an agent is, its coming runs, and what it waits for when it stops.
  #outlookOf(text: string, { next, waits, log, ...fields }: Fields): string | undefined {
    // Lines of the user may have such fields too.
    if (!/^(starting agent|agent started|stopping agent)$/.test(text)) return undefined
    // A person has to find it: it is never cut.
    if (typeof log === 'string') return ` log=${escape(shortPath(log))}${this.#fieldsOf(fields)}`
    if (Array.isArray(next)) {
      const runs = (next as readonly Fields[]).map(
        ({ job, at }) => `${escape(String(job))} ${this.#moment(String(at))}`,
      )
      return `${this.#fieldsOf(fields)}${runs.length === 0 ? '' : `; next runs: ${runs.join(', ')}`}`
    }
    if (!Array.isArray(waits)) return undefined
    const { grace, ...more } = fields
    const what = (waits as readonly Fields[]).map(({ job, listener, deliveries, ms }) => {
      if (job !== undefined) return `job ${nameOf(job)} (${roughly(Number(ms))})`
      const many = `${nameOf(deliveries)} ${deliveries === 1 ? 'delivery' : 'deliveries'}`
      return `${many} of ${nameOf(listener)} (${roughly(Number(ms))})`
    })
    return `${this.#fieldsOf(more)}: waits up to ${roughly(Number(grace))} for ${what.join(', ')}`
  }

  #colored(line: string, begin: string, level: number): string {
    if (!this.#options.colored || !line.startsWith(begin)) return line
    const color = level >= 50 ? 'red' : level >= 40 ? 'yellow' : 'gray'
    return styleText(color, begin, { validateStream: false }) + line.slice(begin.length)
  }
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

function nameOf(value: unknown): string {
  return escape(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Whether a line about a run tells nothing that a person has to see. */
function isIdle(msg: unknown, fields: Fields): boolean {
  if (msg === 'running job') return true
  return msg === 'job done' && fields.new === 0 && fields.changed === 0 && fields.held === undefined
}

/** `: ECONNREFUSED …`, on one line; not again what the message says. */
function causeOf({ err }: Fields, text: string): string {
  if (err === undefined) return ''
  const { type, message = err } = (typeof err === 'object' && err !== null ? err : {}) as LoggedError
  const words = typeof message === 'string' ? message : JSON.stringify(message)
  const [line = ''] = words.split('\n')
  if (escape(words) === text) return ''
  return `: ${escape(typeof type === 'string' && !/^(Error|TidingsError|Park|Retry)$/.test(type) ? `${type}: ${line}` : line)}`
}

function stackOf({ err, stack }: Fields, width: number): readonly string[] {
  const found = (err as LoggedError | null | undefined)?.stack ?? stack
  if (typeof found !== 'string') return []
  return escapeLines(found)
    .split('\n')
    .flatMap((line) => wrap(`    ${line.trim()}`, width, 4))
}

/** `, again in 2 s (1 of 5)` */
function againIn({ attempt, attempts, wait }: Fields): string {
  const again = typeof wait === 'number' ? `, again in ${roughly(wait)}` : ''
  if (typeof attempt !== 'number' || attempts === 1 || (again === '' && attempt === 1)) return again
  return `${again} (${typeof attempts === 'number' ? `${attempt} of ${attempts}` : `attempt ${attempt}`})`
}

/** A duration in its largest unit: `250 ms`, `2 s`, `10 min`. */
function roughly(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`
  return ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`
}

/** The first line of the stack that is the user's own: ` (agents/home.ts:12)`, and in fewer columns ` (home.ts:12)`. */
function framesOf(err: unknown): readonly string[] {
  const stack = (err as LoggedError | null)?.stack
  if (typeof stack !== 'string') return []
  for (const [, where = '', line] of stack.matchAll(/^ +at (?:.*\()?(.+?):(\d+):\d+\)?$/gm)) {
    const path = where.replace(/^async /, '')
    if (isForeign(path)) continue
    const file = path.startsWith('file:') ? fileURLToPath(path) : path
    return [shortPath(file), basename(file)].map((each) => ` (${escape(each)}:${line})`)
  }
  return []
}

/** The path, or a relative one if that is shorter. */
function shortPath(path: string): string {
  const near = relative(process.cwd(), path)
  return near !== '' && near.length < path.length ? near : path
}

function isForeign(path: string): boolean {
  if (!/^(file:|[/\\]|[a-z]:[/\\])/i.test(path) || /[/\\]node_modules[/\\]/.test(path)) return true
  const file = path.startsWith('file:') ? fileURLToPath(path) : path
  return ENGINE.some((folder) => file.startsWith(folder))
}

/** The folders of this package that hold code. */
const ENGINE: readonly string[] = ['dist', 'lib', 'bin', 'streams'].map((folder) => join(packageFolder(), folder) + sep)

function packageFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}
