import fc from 'fast-check'
import { asError } from '../core/errors.ts'

/** How a law looks for a counterexample. */
export interface LawOptions {
  /** How many cases it is tried with; default 100. */
  readonly numRuns?: number
  /** Which cases those are; default 1, so that what holds today holds tomorrow. */
  readonly seed?: number
  /** The one case to run, of the law that named it. */
  readonly path?: string
}

/** What breaks a law: the finding in one sentence, and the story of it, line by line. */
export class Broken extends Error {
  override readonly name = 'Broken'
  readonly story: readonly string[]
  /** Whether nobody should look for a smaller case. */
  readonly final: boolean

  constructor(finding: string, story: readonly string[], options: { cause?: unknown; final?: boolean } = {}) {
    super(finding, 'cause' in options ? { cause: options.cause } : {})
    this.story = story
    this.final = options.final ?? false
  }
}

/** Says what must hold for all of these values. */
export type Hold = <V>(values: fc.Arbitrary<V>, check: (value: V) => Promise<void>) => Promise<void>

/** Once a counterexample is found, so many cases are tried to make it smaller. */
const TRIES = 300

/** Tries what should hold with many values; rejects with a readable counterexample, made as small as can be. */
export async function hold<V>(
  title: string,
  values: fc.Arbitrary<V>,
  check: (value: V) => Promise<void>,
  { numRuns = 100, seed = 1, path }: LawOptions,
): Promise<void> {
  let tries = Number.POSITIVE_INFINITY
  const property = fc.asyncProperty(values, async (value) => {
    if (tries-- <= 0) return
    await check(value).catch((error) => {
      tries = error instanceof Broken && error.final ? 0 : Math.min(tries, TRIES)
      throw error
    })
  })
  const details = await fc.check(property, { numRuns, seed, ...(path === undefined ? {} : { path }) })
  if (!details.failed) return
  throw counterexample(title, asBroken(details.errorInstance, details.counterexample), {
    effort: `run ${details.numRuns} of ${numRuns}, made smaller ${details.numShrinks} times`,
    // The rest of the path says how it was made smaller, which is found again.
    replay: `{ seed: ${details.seed}, path: '${details.counterexamplePath?.split(':')[0]}' }`,
  })
}

function asBroken(thrown: unknown, value: unknown): Broken {
  if (thrown instanceof Broken) return thrown
  return new Broken(asError(thrown).message, [show(value)], { cause: thrown })
}

function counterexample(title: string, broken: Broken, { effort, replay }: Record<'effort' | 'replay', string>): Error {
  const lines = [title, broken.message, ...broken.story, `${effort}; to see it again: ${replay}`]
  const error = new Error(lines.join('\n  '), broken.cause === undefined ? {} : { cause: broken.cause })
  // Where a law is run from says nothing; where somebody's own code threw is in the cause.
  error.stack = `Error: ${error.message}`
  return error
}

/** A value as JSON, or as near to that as it gets, in at most 300 characters. */
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
