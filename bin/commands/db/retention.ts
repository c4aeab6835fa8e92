import { parseDuration } from '../../../lib/cli.ts'
import { type Retention } from '../../../lib/index.ts'
import { UsageError } from '../../cli/errors.ts'
import { parseSize } from '../../print/format.ts'

/** Retention bounds as given in options. */
export interface Bounds {
  readonly age?: string | undefined
  readonly count?: number | undefined
  readonly bytes?: string | undefined
  readonly identities?: string | undefined
}

/**
 * Parses retention options.
 *
 * @throws UsageError for no option, or an invalid age or size
 */
export function retentionOf({ age, count, bytes, identities }: Bounds): Retention {
  const retention = {
    ...(age === undefined ? {} : { age: durationOf(age, '--age') }),
    ...(count === undefined ? {} : { count }),
    ...(bytes === undefined ? {} : { bytes: sizeOf(bytes) }),
    ...(identities === undefined ? {} : { identities: durationOf(identities, '--identities') }),
  }
  if (Object.keys(retention).length > 0) return retention
  throw new UsageError('nothing says what to keep: give --age 90d, --count 10000, --bytes 2GB or --identities 365d')
}

/**
 * Parses `--retain`, or else `TIDINGS_RETAIN`: an age (`90d`), a count (`10000`), a size (`2GB`), or several of them,
 * separated by commas; undefined keeps everything.
 *
 * @throws UsageError for anything else, and for two of one kind
 */
export function retained(given: readonly string[] | undefined): Retention | undefined {
  const [name, text] =
    given === undefined ? ['TIDINGS_RETAIN', process.env.TIDINGS_RETAIN ?? ''] : ['--retain', given.join(',')]
  if (given === undefined && text === '') return undefined
  const parts = text.split(',').map((word) => partOf(word.trim(), name))
  const kinds = parts.flatMap((part) => Object.keys(part))
  const twice = kinds.find((kind, i) => kinds.indexOf(kind) !== i)
  if (twice !== undefined) throw new UsageError(`${name} sets ${twice} twice: ${JSON.stringify(text)}`)
  return parts.reduce((all, part) => ({ ...all, ...part }))
}

function partOf(word: string, name: string): Retention {
  const amount = /^\d+$/.test(word) ? Number(word) : undefined
  if (amount !== undefined && Number.isSafeInteger(amount)) return { count: amount }
  const bytes = parseSize(word)
  if (bytes !== undefined) return { bytes }
  return { age: durationOf(word, name, `${DURATION}, a number of events, or a size such as 2GB`) }
}

const DURATION = 'a duration such as 90d or 12h'

function durationOf(text: string, name: string, expected = DURATION): string {
  try {
    parseDuration(text, name)
    return text
  } catch {
    throw new UsageError(`${name} needs ${expected}, got ${JSON.stringify(text)}`)
  }
}

function sizeOf(text: string): number {
  const bytes = /^\d+$/.test(text) ? Number(text) : parseSize(text)
  if (bytes === undefined || !Number.isSafeInteger(bytes))
    throw new UsageError(`--bytes needs a size such as 500MB or 2GB, got ${JSON.stringify(text)}`)
  return bytes
}
