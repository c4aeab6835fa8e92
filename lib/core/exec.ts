import { type ChildProcess, spawn } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { systemClock } from './clock.ts'
import { defined } from './defined.ts'
import { asError, describe, TidingsError } from './errors.ts'
import type { Logger } from './logger.ts'
import { quietRejection } from './reported-error.ts'
import { WORK_ENDED, withLinkedSignal } from './time-limit.ts'

/** The output of a program that ended with exit code 0. */
export interface ExecResult {
  /** Its standard output, decoded as utf8; at most 64 MiB. */
  readonly stdout: string
  /** Its standard error, decoded as utf8; at most 64 MiB. */
  readonly stderr: string
}

/**
 * Runs a program without a shell, with these arguments and an empty input, and waits for its end. The program and all that
 * it started are ended when the signal aborts, and in any case when the run or delivery that started it ends.
 *
 * @throws TidingsError `TIDINGS_EXEC_FAILED`, with `details` { file, exitCode, stderr }, when the program can't be started
 *   or fails; `TIDINGS_RUN_ENDED` when its run or delivery is over. When the signal aborts, its reason
 */
export type Exec = (
  file: string,
  args: readonly string[],
  options?: {
    /** The working directory; default that of this process. */
    readonly cwd?: string
    /** Ends the program when it aborts; default only the end of the run or delivery does. */
    readonly signal?: AbortSignal
  },
) => Promise<ExecResult>

/** The most output of a program, in bytes; more would fill the memory of the agent and ends the program. */
const MOST_OUTPUT = 64 * 1024 * 1024

/** The time between SIGTERM and SIGKILL, in ms. */
const KILL_DELAY = 1000

/**
 * Runs a program in a process group of its own. An abort sends SIGTERM to the whole group, and SIGKILL a second later; the
 * exit of this process kills it.
 *
 * @throws TidingsError `TIDINGS_EXEC_FAILED`, with `details` { file, exitCode, stderr }, when it can't be started or fails;
 *   { file, output } when it prints too much, with the name of the stream
 */
export const exec: Exec = (file, args, options = {}) =>
  new Promise((resolve, reject) => {
    const { cwd, signal } = options
    if (signal?.aborted === true) return reject(asError(signal.reason))
    let program: Program
    try {
      program = new Program(spawn(file, [...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: HAS_GROUPS }))
    } catch (error) {
      // Node rejects an argument with a NUL, which event data may contain.
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

/** How a program ended. */
interface End {
  readonly exitCode?: number | null
  readonly signal?: string | null
  /** Why it could not be started. */
  readonly cause?: NodeJS.ErrnoException
  /** Why `end` was called. */
  readonly why?: Error
}

/** A running program and its output so far. */
class Program {
  readonly #child: ChildProcess
  readonly #printed: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] }
  #why: Error | undefined
  #kill: () => void = () => undefined
  #over = false
  /** Called once, when the program has ended. */
  ended: (how: End) => void = () => undefined

  constructor(child: ChildProcess) {
    this.#child = child
    this.#collect('stdout')
    this.#collect('stderr')
    child.on('error', (cause) => this.#settle({ cause }))
    // Comes once all output is read; some of it may arrive after the exit.
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

  /** Ends the program and all that it started: by SIGTERM, then by SIGKILL. */
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

  /** Sends a signal to the process group; 0 only checks. Returns false if no process is left in the group. */
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
      // A process that left the group may hold these open forever.
      for (const output of [this.#child.stdout, this.#child.stderr]) output?.destroy()
      // The processes that it started may outlive it.
      if (!this.signal(0)) {
        this.#kill()
        forget(this)
      }
    }
    this.ended(this.#why === undefined ? how : { ...how, why: this.#why })
  }
}

/** The programs that run or are being ended: none outlives this process, unless this process is killed. */
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
  return new TidingsError('TIDINGS_EXEC_FAILED', message, { details: { file, output } })
}

function failed(file: string, { exitCode, signal, cause }: End, stderr: string): TidingsError {
  const code = exitCode ?? undefined
  const how = code === undefined ? `failed (${cause?.code ?? signal ?? cause?.message})` : `ended with code ${code}`
  const why = stderr.trim() === '' ? '' : `: ${stderr.trim().slice(0, 1000)}`
  const details = { file, exitCode: code, stderr }
  return new TidingsError('TIDINGS_EXEC_FAILED', `${describe(file)} ${how}${why}`, {
    ...defined({ cause }),
    details,
  })
}

/** The run or delivery that programs belong to. `title` names it in errors, `fields` in log lines. */
export interface ExecOwner {
  readonly title: string
  readonly fields: object
  readonly logger: Logger
  /** Any of these ends the programs when it aborts. The first one always aborts when the run or delivery is over. */
  readonly signals: readonly [AbortSignal, ...AbortSignal[]]
}

/**
 * Returns an `exec` whose programs end with their run or delivery. If a program still runs when its run or delivery
 * succeeds, it is ended too, with a warning: the code did not await it.
 *
 * @throws TidingsError `TIDINGS_RUN_ENDED` when the run or delivery is over
 */
export function execWithin(inner: Exec, { title, fields, logger, signals }: ExecOwner): Exec {
  // Any number of programs may run at a time; Node takes more than ten listeners for a leak.
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
    // Once the run or delivery is over, the warning above reports it.
    return quietRejection(work(), () => over.aborted)
  }
}
