import { execFile } from 'node:child_process'
import { asError, describe, TidingsError } from './errors.ts'

/** What a program printed: both outputs as utf8 text. */
export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
}

/** Starts a program without a shell and waits for its end. */
export type Exec = (
  file: string,
  args: readonly string[],
  options?: { readonly cwd?: string; readonly signal?: AbortSignal },
) => Promise<ExecResult>

/** What a run or a handler may touch outside: it comes in here, so that tests can own it. */
export interface World {
  readonly fetch: typeof fetch
  readonly exec: Exec
  readonly now: () => number
}

/** Output beyond this many bytes ends the program: a run that swallows more would swallow the agent's memory. */
const MOST_OUTPUT = 64 * 1024 * 1024

/**
 * Runs a program; arguments are passed as they are, no shell reads them. Its input is empty: nobody is there to answer.
 *
 * @throws TidingsError `TIDINGS_EXEC_FAILED` with `details` { file, exitCode, stderr } when it can't start or fails
 */
export const exec: Exec = (file, args, options = {}) =>
  new Promise((resolve, reject) => {
    try {
      const child = execFile(file, [...args], { ...options, maxBuffer: MOST_OUTPUT }, (error, stdout, stderr) => {
        if (error === null) resolve({ stdout, stderr })
        else if (options.signal?.aborted === true) reject(options.signal.reason as Error)
        else reject(failed(file, error, stderr))
      })
      child.stdin?.end()
    } catch (error) {
      // Refused before it was started: an argument with a NUL in it, as an event may have.
      reject(failed(file, asError(error), ''))
    }
  })

function failed(file: string, cause: Error & { code?: unknown; signal?: unknown }, stderr: string): TidingsError {
  const exitCode = typeof cause.code === 'number' ? cause.code : undefined
  const ended =
    exitCode === undefined ? `failed (${String(cause.code ?? cause.signal)})` : `ended with code ${exitCode}`
  const why = stderr.trim() === '' ? '' : `: ${stderr.trim().slice(0, 1000)}`
  const details = { file, exitCode, stderr }
  return new TidingsError('TIDINGS_EXEC_FAILED', `${describe(file)} ${ended}${why}`, { cause, details })
}
