import type { Options } from 'yargs'
import { didYouMean } from '../../lib/core/did-you-mean.ts'
import type { Command, Given, OptionTable } from './command.ts'
import { UsageError } from './errors.ts'

export const HELP: OptionTable = { help: { alias: 'h', type: 'boolean', describe: 'Show this help' } }

/** An option with its long name, looked up by one of its spellings. */
interface Known {
  readonly name: string
  readonly option: Options
}

/**
 * Parses the arguments of a command; returns `help` when they ask for it.
 *
 * The type of an option alone decides how its value is parsed: an option occurs once, unless its type is `array`; a
 * `boolean` takes no value but `true` or `false`; a `number` is whole and not negative; no option takes an empty value.
 *
 * @throws UsageError for anything else
 */
export function parse(
  words: readonly string[],
  command: Command,
  args: readonly string[],
): Given<OptionTable> | 'help' {
  const end = args.indexOf('--')
  if (args.slice(0, end < 0 ? args.length : end).some((each) => each === '--help' || each === '-h')) return 'help'
  const reader = new Reader({ ...HELP, ...command.options }, command.rewrite?.(args) ?? args)
  const { values, rest } = reader.read()
  if (values.help === true) return 'help'
  checkArguments(words, command, rest)
  return { ...values, _: rest }
}

/** Reads arguments from left to right. */
class Reader {
  readonly #known = new Map<string, Known>()
  readonly #values = new Map<string, unknown>()
  readonly #rest: string[] = []
  readonly #queue: string[]

  constructor(options: OptionTable, args: readonly string[]) {
    this.#queue = [...args]
    for (const [name, option] of Object.entries(options)) {
      for (const each of spellings(name, option)) this.#known.set(each, { name, option })
      if (option.default !== undefined) this.#values.set(name, option.default)
    }
  }

  read(): { readonly values: Record<string, unknown>; readonly rest: readonly string[] } {
    const given = new Set<string>()
    for (let arg = this.#queue.shift(); arg !== undefined; arg = this.#queue.shift()) {
      if (arg === '--') this.#rest.push(...this.#queue.splice(0))
      else if (isValue(arg)) this.#rest.push(arg)
      else this.#option(arg, given)
    }
    return { values: Object.fromEntries(this.#values), rest: this.#rest }
  }

  /** `--name`, `--name=value`, `-n`, `-n=value`, `-nvalue`, or several flags in one: `-rm`. */
  #option(arg: string, given: Set<string>): void {
    const [, long, value] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? []
    if (long !== undefined) return this.#set(dashed(long), this.#find(long), value, given)
    const letters = arg.slice(1)
    const known = this.#find(letters.charAt(0))
    const after = letters.slice(1)
    const attached = after.startsWith('=') ? after.slice(1) : after
    const isFlag = known.option.type === 'boolean' && !after.startsWith('=')
    this.#set(`-${letters.charAt(0)}`, known, after === '' || isFlag ? undefined : attached, given)
    if (isFlag && after !== '') this.#option(`-${after}`, given)
  }

  #find(spelling: string): Known {
    const known = this.#known.get(spelling)
    if (known !== undefined) return known
    const near = didYouMean(dashed(spelling), [...this.#known.keys()].map(dashed))
    throw new UsageError(`unknown option ${dashed(spelling)}${near}`)
  }

  #set(spelled: string, { name, option }: Known, inline: string | undefined, given: Set<string>): void {
    const { type } = option
    if (type !== 'array' && given.has(name)) throw new UsageError(`${spelled} was given twice`)
    if (type === 'boolean') this.#values.set(name, flag(spelled, inline))
    else {
      const text = inline ?? this.#next(spelled)
      if (text === '') throw new UsageError(`${spelled} needs a value`)
      const before = given.has(name) ? (this.#values.get(name) as readonly unknown[]) : []
      const value = type === 'number' ? whole(spelled, text) : text
      this.#values.set(name, type === 'array' ? [...before, value] : value)
    }
    given.add(name)
  }

  #next(spelled: string): string {
    const next = this.#queue[0]
    if (next !== undefined && isValue(next)) return this.#queue.shift() as string
    const isKnown = next === undefined || next === '--' || this.#known.has(next.replace(/^--?|=.*/gs, ''))
    const hint = isKnown ? '' : `; write a value that begins with - as ${spelled}=${next}`
    throw new UsageError(`${spelled} needs a value${hint}`)
  }
}

// `-` is standard input and `-5` a number; neither is an option.
function isValue(arg: string): boolean {
  return !arg.startsWith('-') || arg === '-' || /^-\d/.test(arg)
}

function flag(spelled: string, value: string | undefined): boolean {
  if (value === undefined || value === 'true') return true
  if (value === 'false') return false
  throw new UsageError(`${spelled} takes only true or false, got ${JSON.stringify(value)}`)
}

function whole(spelled: string, text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(number)) return number
  throw new UsageError(`${spelled} must be a whole number, not negative, got ${JSON.stringify(text)}`)
}

function spellings(name: string, { alias = [] }: Options): string[] {
  return [name, ...(typeof alias === 'string' ? [alias] : alias)]
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}

function checkArguments(words: readonly string[], { takes }: Command, given: readonly string[]): void {
  const usage = [...words, ...takes].join(' ')
  const isOpen = takes.at(-1)?.endsWith('...]') === true
  const place = given.indexOf('')
  const empty = takes[isOpen ? Math.min(place, takes.length - 1) : place]
  if (empty !== undefined) throw new UsageError(`${empty.replace(/^\[|(\.\.\.)?\]$/g, '')} is empty: ${usage}`)
  const needed = takes.filter((name) => !name.startsWith('['))
  const missing = needed[given.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing: ${usage}`)
  const surplus = isOpen ? undefined : given[takes.length]
  if (surplus !== undefined) throw new UsageError(`${JSON.stringify(surplus)} is one argument too many: ${usage}`)
}
