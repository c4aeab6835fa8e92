import type { Exec } from './exec.ts'

/**
 * What a run or a handler may touch outside: it comes in here, so that tests can own it.
 *
 * - `fetch`: default the global one, looked up when called
 * - `exec`: runs a program
 * - `now`: ms since the epoch; default the clock's
 * - `secret`: the value of a secret by its name; default from this process's environment and files. Throws
 *   `TIDINGS_SECRET_MISSING`, naming the places where it was looked for
 */
export interface World {
  readonly fetch: typeof fetch
  readonly exec: Exec
  readonly now: () => number
  readonly secret: (name: string) => string
}
