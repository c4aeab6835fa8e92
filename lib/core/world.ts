import { execFile } from 'node:child_process'
import { describe, TidingsError } from './errors.ts'

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
 * Runs a program; arguments are passed as they are, no shell reads them.
 *
 * @throws TidingsError `TIDINGS_EXEC_FAILED` with `details` { file, exitCode, stderr } when it can't start or fails
 */
export const exec: Exec = (file, args, options = {}) =>
  new Promise((resolve, reject) => {
    execFile(file, [...args], { ...options, maxBuffer: MOST_OUTPUT, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) return resolve({ stdout, stderr })
      if (options.signal?.aborted) return reject(options.signal.reason as Error)
      const ended = typeof error.code === 'number' ? `ended with code ${error.code}` : `failed (${error.code ?? error.signal})`
      const why = stderr.trim() === '' ? '' : `: ${stderr.trim().slice(0, 1000)}`
      reject(
        new TidingsError('TIDINGS_EXEC_FAILED', `${describe(file)} ${ended}${why}`, {
          cause: error,
          details: { file, exitCode: error.code, stderr },
        }),
      )
    })
  })
