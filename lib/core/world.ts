import { describe, type ErrorCode, quote, TidingsError } from './errors.ts'
import type { Exec } from './exec.ts'
import { checkOptions } from './options.ts'

/** What a run or a handler may touch outside: it comes in here, so that tests can own it. */
export interface World {
  /** Default the global one, looked up when called. */
  readonly fetch: typeof fetch
  /** Runs a program. */
  readonly exec: Exec
  /** Ms since the epoch; default the clock's. */
  readonly now: () => number
  /**
   * The value of a secret by its name; default from this process's environment and files. Throws
   * `TIDINGS_SECRET_MISSING`, naming the places where it was looked for.
   */
  readonly secret: (name: string) => string
}

/**
 * Refuses parts of a world that are none.
 *
 * @param of Whose world it is, as the error names it: `'of start()'`.
 * @throws TidingsError with this code
 */
export function checkWorld(world: Partial<World>, code: ErrorCode, of: string): void {
  checkOptions(world, { fetch: true, exec: true, now: true, secret: true }, code, `world ${of}`)
  for (const [name, part] of Object.entries(world)) {
    if (part === undefined || typeof part === 'function') continue
    throw new TidingsError(code, `${quote(name)} of the world ${of} must be a function, got ${describe(part)}`)
  }
}
