import { describe, type ErrorCode, quote, TidingsError } from './errors.ts'
import type { Exec } from './exec.ts'
import { checkOptions } from './options.ts'

/** Everything outside the program that runs and handlers use, so that tests can replace it. */
export interface World {
  /** Fetches a URL; default the global `fetch`, looked up at each call. */
  readonly fetch: typeof fetch
  /** Runs a program; default in a process group of its own. */
  readonly exec: Exec
  /** Returns the time in ms since the epoch; default that of the agent's clock. */
  readonly now: () => number
  /**
   * Returns the value of a secret by its name; default from the environment and the files of this process. Outputs of the
   * engine never show it.
   *
   * @throws TidingsError `TIDINGS_SECRET_MISSING`, whose message names the places that were searched
   */
  readonly secret: (name: string) => string
}

/**
 * Rejects a world with unknown parts, or with parts that are not functions.
 *
 * @param of names the owner of the world in the error: `'of start()'`
 * @throws TidingsError with this code
 */
export function checkWorld(world: Partial<World>, code: ErrorCode, of: string): void {
  if (world instanceof Promise) throw new TidingsError(code, `the world ${of} must be an object, got a promise of one`)
  checkOptions(world, { fetch: true, exec: true, now: true, secret: true }, code, `of the world ${of}`)
  for (const [name, part] of Object.entries(world)) {
    if (part === undefined || typeof part === 'function') continue
    throw new TidingsError(code, `${quote(name)} of the world ${of} must be a function, got ${describe(part)}`)
  }
}
