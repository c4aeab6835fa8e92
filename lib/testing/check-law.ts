import type { Arbitrary } from 'fast-check'
import { defined } from '../core/defined.ts'
import { asError } from '../core/errors.ts'
import { fc } from './fast-check.ts'

/** Options of the search for a counterexample. */
export interface LawOptions {
  /** The number of cases to try; default 100. */
  readonly numRuns?: number
  /** The seed of the cases, a whole number; default 1, so that runs are reproducible. */
  readonly seed?: number
  /** The single case to run, as the failed law reports it. */
  readonly path?: string
}

/** Names the options of the search, for `checkOptions`. */
export const LAW_OPTIONS = { numRuns: true, seed: true, path: true } as const

/** A broken law: the finding in one sentence, and the history that led to it. */
export class BrokenLaw extends Error {
  override readonly name = 'BrokenLaw'
  /** What was sent and published, line by line. */
  readonly history: readonly string[]
  /** Whether to skip the search for a smaller case. */
  readonly final: boolean

  constructor(finding: string, history: readonly string[], options: { cause?: unknown; final?: boolean } = {}) {
    super(finding, 'cause' in options ? { cause: options.cause } : {})
    this.history = history
    this.final = options.final ?? false
  }
}

/** Checks a law for the values of an arbitrary. */
export type CheckLaw = <V>(values: Arbitrary<V>, check: (value: V) => Promise<void>) => Promise<void>

/** The most cases to try while shrinking a counterexample. */
const MOST_SHRINKS = 300

/** Checks a property with many values; rejects with a readable, shrunk counterexample. */
export async function checkLaw<V>(
  title: string,
  values: Arbitrary<V>,
  check: (value: V) => Promise<void>,
  { numRuns = 100, seed = 1, path }: LawOptions,
): Promise<void> {
  let tries = Number.POSITIVE_INFINITY
  const property = fc.asyncProperty(values, async (value) => {
    if (tries-- <= 0) return
    await check(value).catch((error) => {
      tries = error instanceof BrokenLaw && error.final ? 0 : Math.min(tries, MOST_SHRINKS)
      throw error
    })
  })
  const details = await fc.check(property, { numRuns, seed, ...defined({ path }) })
  if (!details.failed) return
  throw counterexample(title, asBroken(details.errorInstance, details.counterexample), {
    effort: `run ${details.numRuns} of ${numRuns}, made smaller ${details.numShrinks} times`,
    // The rest of the path is the shrinking, which a replay repeats.
    replay: `{ seed: ${details.seed}, path: '${details.counterexamplePath?.split(':')[0]}' }`,
  })
}

function asBroken(thrown: unknown, value: unknown): BrokenLaw {
  if (thrown instanceof BrokenLaw) return thrown
  return new BrokenLaw(asError(thrown).message, [show(value)], { cause: thrown })
}

function counterexample(
  title: string,
  broken: BrokenLaw,
  { effort, replay }: Record<'effort' | 'replay', string>,
): Error {
  const lines = [title, broken.message, ...broken.history, `${effort}; to see it again: ${replay}`]
  const error = new Error(lines.join('\n  '), defined({ cause: broken.cause }))
  // The stack of the law itself is useless; the cause has the stack of the user's code.
  error.stack = `Error: ${error.message}`
  return error
}

/** Formats a value as JSON, or as close to it as possible, in at most 300 characters. */
export function show(value: unknown): string {
  const text = json(value) ?? fc.stringify(value)
  return text.length > 300 ? `${text.slice(0, 299)}…` : text
}

function json(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}
