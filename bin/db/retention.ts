import type { Retention } from '../../lib/index.ts'
import { Mistake } from '../frame/mistake.ts'
import { parseSize } from '../print/size.ts'

/** What is kept, as options say it. */
export interface Bounds {
  readonly age?: string | undefined
  readonly count?: number | undefined
  readonly bytes?: string | undefined
  readonly identities?: string | undefined
}

/** What is kept, in the words of a person; at least one of them has to be said. */
export function retentionOf({ age, count, bytes, identities }: Bounds): Retention {
  const retention = {
    ...(age === undefined ? {} : { age }),
    ...(count === undefined ? {} : { count }),
    ...(bytes === undefined ? {} : { bytes: sizeOf(bytes) }),
    ...(identities === undefined ? {} : { identities }),
  }
  if (Object.keys(retention).length > 0) return retention
  throw new Mistake('say what is to be kept: --age 90d, --count 10000, --bytes 2GB or --identities 365d')
}

/**
 * What `--retain` says, or else `TIDINGS_RETAIN`: an age (`90d`), a count (`10000`), a size (`2GB`), or several of them,
 * between commas; undefined: everything.
 */
export function retained(given: readonly string[] | undefined): Retention | undefined {
  const text = given?.join(',') ?? process.env.TIDINGS_RETAIN ?? ''
  const words = text.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]))
  const parts = words.map((word): Retention => {
    if (/^\d+$/.test(word)) return { count: Number(word) }
    const bytes = parseSize(word)
    return bytes === undefined ? { age: word } : { bytes }
  })
  return parts.length === 0 ? undefined : parts.reduce((all, part) => ({ ...all, ...part }))
}

/** A duration that is none, in what a person said, is their mistake. */
export function asMistake(error: unknown): never {
  const { code, message } = error as { readonly code?: unknown; readonly message: string }
  throw code === 'TIDINGS_DURATION_INVALID' ? new Mistake(message) : error
}

function sizeOf(text: string): number {
  const bytes = /^\d+$/.test(text.trim()) ? Number(text) : parseSize(text)
  if (bytes === undefined) throw new Mistake(`--bytes needs a size such as 500MB or 2GB, got ${JSON.stringify(text)}`)
  return bytes
}
