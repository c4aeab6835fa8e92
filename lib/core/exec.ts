import { type ChildProcess, spawn } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { systemClock } from './clock.ts'
import { defined } from './defined.ts'
import { asError, describe, TidingsError } from './errors.ts'
import type { Logger } from './logger.ts'
import { quietRejection } from './reported-error.ts'
import { WORK_ENDED, withLinkedSignal } from './time-limit.ts'

/** What a program printed: both outputs as utf8 text. */
export interface ExecResult {
  readonly stdout: string
  readonly stderr: string
}

/**
 * Starts a program without a shell and waits for its end. When `signal` aborts, the program and all it started are
 * ended. In a run or a delivery they are ended with it in any case.
 */
export type Exec = (
  file: string,
  args: readonly string[],
  options?: { readonly cwd?: string; readonly signal?: AbortSignal },
) => Promise<ExecResult>

/** More output than this, in bytes, ends the program: it would fill the agent's memory. */
const MOST_OUTPUT = 64 * 1024 * 1024

/** How long a program may take to end after SIGTERM, in ms; then it gets SIGKILL. */
const KILL_DELAY = 1000

/**
 * Runs a program; arguments are passed as they are, no shell reads them. Its input is empty. It leads a process group
 * of its own: an abort sends SIGTERM to the whole group, and SIGKILL a second later. The exit of this process kills it.
 *
 * @throws TidingsError `TIDINGS_EXEC_FAILED` with `details` { file, exitCode, stderr } when it can't start or fails
 */
export const exec: Exec = (file, args, options = {}) =>
  new Promise((resolve, reject) => {
    const { cwd, signal } = options
    if (signal?.aborted === true) return reject(asError(signal.reason))
    let program: Program
    try {
      program = new Program(spawn(file, [...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: HAS_GROUPS }))
    } catch (error) {
      // Refused before it was started: an argument with a NUL in it, as an event may have.
      return reject(failed(file, { cause: asError(error) }, ''))
    }
    const abort = (): void => program.end(asError(signal?.reason))
    signal?.addEventListener('abort', abort, { once: true })
    program.ended = (how) => {
      signal?.removeEventListener('abort', abort)
      if (how.why !== undefined) reject(how.why)
      else if (how.exitCode === 0) resolve({ stdout: program.stdout, stderr: program.stderr })
      else reject(failed(file, how, program.stderr))
    }
  })

/** Windows has no process groups: there, only the program itself is ended. */
const HAS_GROUPS = process.platform !== 'win32'

/** How a program ended. `why`: it was ended, for this reason; `cause`: it could not be run. */
interface End {
  readonly exitCode?: number | null
  readonly signal?: string | null
  readonly cause?: NodeJS.ErrnoException
  readonly why?: Error
}

/** One program that is running, with what it printed. */
class Program {
  readonly #child: ChildProcess
  readonly #printed: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] }
  #why: Error | undefined
  #kill: () => void = () => undefined
  #over = false
  /** Called once, when it has ended. */
  ended: (how: End) => void = () => undefined

  constructor(child: ChildProcess) {
    this.#child = child
    this.#collect('stdout')
    this.#collect('stderr')
    child.on('error', (cause) => this.#settle({ cause }))
    // When all of its output was read: some of it may come after the exit.
    child.on('close', (exitCode, signal) => this.#settle({ exitCode, signal }))
    child.on('exit', () => {
      if (this.#why !== undefined) this.#settle({})
    })
    if (child.pid !== undefined) remember(this)
  }

  get stdout(): string {
    return Buffer.concat(this.#printed.stdout).toString()
  }

  get stderr(): string {
    return Buffer.concat(this.#printed.stderr).toString()
  }

  /** Ends it with all that it started: SIGTERM, and SIGKILL when that does not help. */
  end(why: Error): void {
    if (this.#over || this.#why !== undefined) return
    this.#why = why
    this.signal('SIGTERM')
    this.#kill = systemClock.timer(() => {
      this.signal('SIGKILL')
      this.#settle({})
      forget(this)
    }, KILL_DELAY)
  }

  /** Sends a signal to its group; 0 only looks. False: nobody is left there. */
  signal(name: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child
    if (pid === undefined) return false
    try {
      return process.kill(HAS_GROUPS ? -pid : pid, name)
    } catch {
      return false
    }
  }

  #collect(output: 'stdout' | 'stderr'): void {
    let bytes = 0
    this.#child[output]?.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MOST_OUTPUT) this.#printed[output].push(chunk)
      else this.end(tooMuchOutput(this.#child.spawnfile, output))
    })
  }

  #settle(how: End): void {
    if (this.#over) return
    this.#over = true
    if (this.#why === undefined) forget(this)
    else {
      // A process that left the group may hold these open for ever.
      for (const output of [this.#child.stdout, this.#child.stderr]) output?.destroy()
      // What it started may take longer to end than itself.
      if (!this.signal(0)) {
        this.#kill()
        forget(this)
      }
    }
    this.ended(this.#why === undefined ? how : { ...how, why: this.#why })
  }
}

/** All programs that are running, or are being ended: none outlives this process, unless that is killed. */
const running = new Set<Program>()

function remember(program: Program): void {
  if (running.size === 0) process.on('exit', killAll)
  running.add(program)
}

function forget(program: Program): void {
  running.delete(program)
  if (running.size === 0) process.off('exit', killAll)
}

function killAll(): void {
  for (const program of running) program.signal('SIGKILL')
}

function tooMuchOutput(file: string, output: string): TidingsError {
  const message = `${describe(file)} was ended: it printed more than ${MOST_OUTPUT / 1024 / 1024} MiB to ${output}`
  return new TidingsError('TIDINGS_EXEC_FAILED', message, { details: { file } })
}

function failed(file: string, { exitCode, signal, cause }: End, stderr: string): TidingsError {
  const code = exitCode ?? undefined
  const how = code === undefined ? `failed (${cause?.code ?? signal})` : `ended with code ${code}`
  const why = stderr.trim() === '' ? '' : `: ${stderr.trim().slice(0, 1000)}`
  const details = { file, exitCode: code, stderr }
  return new TidingsError('TIDINGS_EXEC_FAILED', `${describe(file)} ${how}${why}`, {
    ...defined({ cause }),
    details,
  })
}

/** The run or delivery that programs belong to: what errors call it, and what names it in log lines. */
export interface ExecOwner {
  readonly title: string
  readonly fields: object
  readonly logger: Logger
  /** Each ends the programs when it aborts. The first aborts in any case, once the run or delivery is over. */
  readonly signals: readonly [AbortSignal, ...AbortSignal[]]
}

/**
 * An `exec` whose programs end with their run or delivery. One that is still running when that ends well is ended too,
 * which is logged: nobody awaited it.
 *
 * @throws TidingsError `TIDINGS_RUN_ENDED` when the run or delivery is over
 */
export function execWithin(inner: Exec, { title, fields, logger, signals }: ExecOwner): Exec {
  // As many programs as it likes may run at a time; Node would take more than ten listeners for a leak.
  setMaxListeners(0, ...signals)
  const [over] = signals
  return (file, args, options = {}) => {
    const all = options.signal === undefined ? signals : [...signals, options.signal]
    const late = over.aborted
    const how = late ? 'was started after' : 'was still running when'
    const warn = (): void => {
      if (over.reason !== WORK_ENDED) return
      logger.warn({ ...fields, file }, `program ${how} its run or delivery ended: await what exec() returns`)
    }
    const work = async (): Promise<ExecResult> => {
      if (late) warn()
      else over.addEventListener('abort', warn, { once: true })
      try {
        if (late) throw WORK_ENDED
        return await withLinkedSignal(all, (signal) => inner(file, args, { ...options, signal }))
      } catch (error) {
        if (error !== WORK_ENDED) throw error
        const message = `${describe(file)} ${how} ${title} ${late ? 'had ended' : 'ended'}: await what exec() returns`
        throw new TidingsError('TIDINGS_RUN_ENDED', message, { details: { file } })
      } finally {
        over.removeEventListener('abort', warn)
      }
    }
    // The run or delivery that is over reports it with the warning above.
    return quietRejection(work(), () => over.aborted)
  }
}
