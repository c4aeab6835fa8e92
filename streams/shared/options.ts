import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Duration, TidingsError } from '../../lib/index.ts'
import { describe, didYouMean, parseDuration, quote } from '../../lib/streams.ts'

/** One option of a stream or handler: its check, and its default. */
export interface Field<T> {
  /** What the option must be, for errors: `'a duration'`. */
  readonly expected: string
  /** The value if the option is not given; undefined if it must be given, unless it is `optional`. */
  readonly fallback?: unknown
  /** Whether it may be missing without a fallback. */
  readonly optional?: true
  /** Returns the checked value; undefined if it does not fit. */
  read(value: unknown): T | undefined
}

/** The options after the check: every default is filled in. */
export type Settings<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never }

/** A schema of options; its fields are in it for the documentation. */
export interface OptionsSchema<O, F> extends StandardSchemaV1<O, Settings<F>> {
  /** The fields by name. */
  readonly fields: F
}

/**
 * Describes the options `O` of a stream, one field for each. Call it twice, `optionsOf<O>()({ … })`, so that the compiler
 * infers the fields.
 */
export function optionsOf<O extends object>(): <const F extends { readonly [K in keyof Required<O>]: Field<unknown> }>(
  fields: F,
) => OptionsSchema<O, F> {
  return (fields) => ({
    fields,
    '~standard': { version: 1, vendor: 'tidings', validate: (value) => validate(fields, value) },
  })
}

/**
 * Checks the options of a handler, as `defineStream` checks those of a stream.
 *
 * @param who names the handler in the error: `'todoist.addTask'`
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`, naming each option that does not fit
 */
export function settingsOf<O, F extends Readonly<Record<string, Field<unknown>>>>(
  who: string,
  { fields }: OptionsSchema<O, F>,
  given: NoInfer<O>,
): Settings<F> {
  const result = validate(fields, given)
  if (result.issues === undefined) return result.value
  const issues = result.issues.map(({ path = [], message }) => ({ path: path.map(String).join('.'), message }))
  const words = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw new TidingsError('TIDINGS_LISTENER_INVALID', `the options of ${who} don't fit: ${words}`, {
    details: { handler: who, path: issues[0]?.path ?? '' },
  })
}

/**
 * Checks the function that a handler is made with.
 *
 * @param who names the handler in the error: `'todoist.addTask'`
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`
 */
export function checkFunction(who: string, given: unknown): void {
  if (typeof given === 'function') return
  const words = `${who} needs a function of the event, got ${describe(given)}`
  throw new TidingsError('TIDINGS_LISTENER_INVALID', words, { details: { handler: who } })
}

function validate<F extends Readonly<Record<string, Field<unknown>>>>(
  fields: F,
  value: unknown,
): StandardSchemaV1.Result<Settings<F>> {
  const given: unknown = value ?? {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { issues: [{ message: `expected an object of options, got ${describe(given)}` }] }
  }
  const names = Object.keys(fields)
  const issues: StandardSchemaV1.Issue[] = Object.entries(given)
    .filter(([name, one]) => one !== undefined && !names.includes(name))
    .map(([name]) => ({
      message: `has no ${quote(name)}${didYouMean(name, names) || `; there are ${names.join(', ')}`}`,
      path: [name],
    }))
  const settings: [string, unknown][] = []
  for (const [name, field] of Object.entries(fields)) {
    const one: unknown = (given as Readonly<Record<string, unknown>>)[name] ?? field.fallback
    const read = one === undefined ? undefined : field.read(one)
    if (read === undefined && !(one === undefined && field.optional)) {
      const got = one === undefined ? 'nothing' : describe(one)
      issues.push({ message: `expected ${field.expected}, got ${got}`, path: [name] })
    }
    settings.push([name, read])
  }
  return issues.length > 0 ? { issues } : { value: Object.fromEntries(settings) as Settings<F> }
}

/** The field may be missing; its setting is then undefined. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, optional: true }
}

/** Text that is not empty. */
export function text(fallback?: string): Field<string> {
  return {
    expected: 'text that is not empty',
    fallback,
    read: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  }
}

/** A duration, in ms or as text; the setting is in ms. */
export function duration(fallback?: Duration, { min = 1 }: { readonly min?: number } = {}): Field<number> {
  return {
    expected: "a duration such as '5s', '1h30m' or a whole number of milliseconds",
    fallback,
    read: (value) => {
      try {
        return parseDuration(value as Duration, 'a duration', { min })
      } catch {
        return undefined
      }
    },
  }
}

/** A whole number. */
export function count(
  fallback?: number,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number } = {},
): Field<number> {
  const upTo = max === Number.MAX_SAFE_INTEGER ? ` from ${min}` : ` from ${min} to ${max}`
  return {
    expected: `a whole number${upTo}`,
    fallback,
    read: (value) =>
      Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
        ? (value as number)
        : undefined,
  }
}

/** A number, not necessarily whole. */
export function amount(
  fallback?: number,
  { min, max }: { readonly min?: number; readonly max?: number } = {},
): Field<number> {
  const range = min === undefined || max === undefined ? '' : ` from ${min} to ${max}`
  return {
    expected: `a number${range}`,
    fallback,
    read: (value) =>
      typeof value === 'number' && value >= (min ?? -Number.MAX_VALUE) && value <= (max ?? Number.MAX_VALUE)
        ? value
        : undefined,
  }
}

/** True or false. */
export function flag(fallback?: boolean): Field<boolean> {
  return { expected: 'true or false', fallback, read: (value) => (typeof value === 'boolean' ? value : undefined) }
}

/** One of some words. */
export function choice<const C extends string>(choices: readonly C[], fallback?: NoInfer<C>): Field<C> {
  return { expected: `one of ${choices.join(', ')}`, fallback, read: (value) => choices.find((one) => one === value) }
}

/** An array in which every item fits the field. */
export function listOf<T>(field: Field<T>, fallback?: readonly T[]): Field<readonly T[]> {
  return {
    expected: `an array in which each is ${field.expected}`,
    fallback,
    read: (value) => {
      if (!Array.isArray(value)) return undefined
      const read = value.map((one) => field.read(one))
      return read.includes(undefined) ? undefined : (read as T[])
    },
  }
}

/** An http or https address that paths can be added to, without credentials; the setting has no slash at its end. */
export function address(fallback?: string): Field<string> {
  return {
    expected: "an http or https address without a password or a query, such as 'https://example.com'",
    fallback,
    read: (value) => {
      const url = webAddress(value)
      return url === undefined || /[?#]/.test(url.href) ? undefined : url.href.replace(/\/+$/, '')
    },
  }
}

function webAddress(value: unknown): URL | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const url = new URL(value)
  return /^https?:$/.test(url.protocol) && `${url.username}${url.password}` === '' ? url : undefined
}

/** The address of a page, which may have a query; the setting is as given, but without a fragment. */
export function pageAddress(): Field<string> {
  return {
    expected: "an http or https address without a password, such as 'https://example.com'",
    read: (value) => {
      const url = webAddress(value)
      if (url !== undefined) url.hash = ''
      return url?.href
    },
  }
}

/** One of two kinds of values. */
export function either<A, B>(one: Field<A>, other: Field<B>): Field<A | B> {
  return {
    expected: `${one.expected} or ${other.expected}`,
    read: (value) => one.read(value) ?? other.read(value),
  }
}

/** Anything that passes a check of its own; `expected` says what that is. */
export function like<T>(expected: string, fits: (value: unknown) => boolean, fallback?: T): Field<T> {
  return { expected, fallback, read: (value) => (fits(value) ? (value as T) : undefined) }
}

/** A function. */
export function func<T extends (...args: never) => unknown>(): Field<T> {
  return like('a function', (value) => typeof value === 'function')
}
