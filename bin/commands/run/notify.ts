import { execFile } from 'node:child_process'
import type { Log, Logger, Running } from '../../../lib/index.ts'
import { plural } from '../../print/format.ts'

/** How long notifying systemd may take, in ms; then the program that does it is killed. */
const PATIENCE = 5000

/** How often the status is sent if there is no watchdog, in ms. */
const PAUSE = 30_000

/** How often a stop asks for more time, in ms, and for how much. */
const STOPPING = { every: 5000, for: 10_000 }

/** The longest status, in characters: it is one line of `systemctl status`. */
const LONGEST = 300

/** What systemd learns of an agent. `healthy`: whether its watchdog is fed. */
export interface ServiceState {
  readonly healthy: boolean
  readonly status: string
}

/**
 * Notifies systemd how the agent does, if systemd started it with `Type=notify`; otherwise does nothing. No method throws,
 * or waits: if systemd does not listen, a warning is logged, and the agent runs as without it.
 */
export interface ServiceManager {
  /** The agent has started, or a reload is over, whether or not it succeeded. */
  ready(): void
  /**
   * Feeds the watchdog while `look` answers that the agent is healthy, and sends the status when it changes. Timers,
   * `look` and this process's event loop are all it depends on: if one of them hangs, the watchdog is not fed.
   */
  watch(look: () => Promise<ServiceState>): void
  /** A reload begins. */
  reloading(): void
  /** The agent stops. Asks for more time as long as that takes, and the event loop turns. */
  stopping(): void
  /** The agent has stopped. */
  end(): void
}

/**
 * The service manager in this environment. Its variables are removed, so that no child process of the agent can speak for
 * it.
 */
export function serviceManager(logger: Logger, env: NodeJS.ProcessEnv = process.env): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: limit, WATCHDOG_PID: watched, PATH } = env
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  if (socket === undefined || socket === '') return nobody
  const isWatched = watched === undefined || watched === String(process.pid)
  const watchdog = isWatched && Number(limit) > 0 ? Number(limit) / 1000 : undefined
  return new Systemd(new Messenger({ PATH, NOTIFY_SOCKET: socket }, logger), watchdog, logger)
}

/** The state of a running agent. Only a restart for a log that failed can help, so other problems are only shown. */
export async function serviceState(running: Pick<Running, 'status'>, log: Pick<Log, 'state'>): Promise<ServiceState> {
  const { jobs, listeners, problems } = await running.status()
  const parts = `${plural(jobs.length, 'job')}, ${plural(listeners.length, 'listener')}`
  const trouble = problems.length === 0 ? '' : `; ${plural(problems.length, 'problem')}: ${problems[0]}`
  return { healthy: log.state === 'ready', status: parts + trouble }
}

const nobody: ServiceManager = {
  ready: () => undefined,
  watch: () => undefined,
  reloading: () => undefined,
  stopping: () => undefined,
  end: () => undefined,
}

class Systemd implements ServiceManager {
  readonly #messenger: Messenger
  readonly #watchdog: number | undefined
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined
  #lookNow: () => void = () => undefined
  #status = ''
  #starves = false

  /** `watchdog`: the time after which systemd restarts an agent that does not feed it, in ms. */
  constructor(messenger: Messenger, watchdog: number | undefined, logger: Logger) {
    this.#messenger = messenger
    this.#watchdog = watchdog
    this.#logger = logger
  }

  ready(): void {
    void this.#messenger.tell('READY=1')
    // A reload may have changed what the status says.
    this.#lookNow()
  }

  watch(look: () => Promise<ServiceState>): void {
    const pause = this.#watchdog === undefined ? PAUSE : this.#watchdog / 2
    this.#lookNow = this.#every(pause, () => this.#look(look))
    this.#lookNow()
  }

  reloading(): void {
    // systemd needs the time of CLOCK_MONOTONIC, which Node's high resolution time is.
    void this.#messenger.tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
  }

  stopping(): void {
    void this.#messenger.tell('STOPPING=1', 'STATUS=stopping')
    const pause = Math.min(STOPPING.every, (this.#watchdog ?? Number.POSITIVE_INFINITY) / 2)
    // The log closes meanwhile, so the watchdog is fed by the event loop alone.
    this.#every(pause, () => this.#messenger.tell(...this.#food(), `EXTEND_TIMEOUT_USEC=${STOPPING.for * 1000}`))
  }

  end(): void {
    clearInterval(this.#timer)
  }

  // Returns what takes a turn at once, or after the present one. Skips a turn while the one before it is not over:
  // whatever hangs starves the watchdog, and piles nothing up.
  #every(ms: number, act: () => Promise<void>): () => void {
    let turn: Promise<void> | undefined
    const take = (): void => void (turn ??= act().finally(() => (turn = undefined)))
    clearInterval(this.#timer)
    this.#timer = setInterval(take, ms).unref()
    return () => (turn === undefined ? take() : void turn.then(take))
  }

  async #look(look: () => Promise<ServiceState>): Promise<void> {
    const { healthy, status } = await look().catch((error: unknown) => ({ healthy: false, status: String(error) }))
    if (!healthy && !this.#starves && this.#watchdog !== undefined)
      this.#logger.warn({ status }, 'the watchdog of systemd is not fed: it restarts the agent unless that ends')
    this.#starves = !healthy
    const line = status.replace(/\s+/g, ' ').slice(0, LONGEST)
    const news = line === this.#status ? [] : [`STATUS=${line}`]
    this.#status = line
    await this.#messenger.tell(...(healthy ? this.#food() : []), ...news)
  }

  #food(): string[] {
    return this.#watchdog === undefined ? [] : ['WATCHDOG=1']
  }
}

/** Sends messages to systemd, one after another. Decision 0060: Node has no datagrams on Unix sockets. */
class Messenger {
  readonly #env: NodeJS.ProcessEnv
  readonly #logger: Logger
  #last: Promise<void> = Promise.resolve()
  #fails = false

  constructor(env: NodeJS.ProcessEnv, logger: Logger) {
    this.#env = env
    this.#logger = logger
  }

  /** Sends these assignments as one message. Resolves when it is sent, or has failed; never rejects. */
  tell(...assignments: readonly string[]): Promise<void> {
    if (assignments.length > 0) this.#last = this.#last.then(() => this.#send(assignments))
    return this.#last
  }

  #send(assignments: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const options = { env: this.#env, timeout: PATIENCE, killSignal: 'SIGKILL' } as const
      execFile('systemd-notify', assignments, options, (err) => {
        if (err !== null && !this.#fails)
          this.#logger.warn({ err }, 'systemd-notify failed, so systemd does not hear how the agent does')
        this.#fails = err !== null
        resolve()
      })
    })
  }
}
