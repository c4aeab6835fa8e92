import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Code, holdsLog, openExisting, operationsOf, type PostgresAddress } from '../../../lib/cli.ts'
import { connect, type Log, type Logger, memoryLog, type Operations, openLog } from '../../../lib/index.ts'
import { isPostgres } from '../../../lib/log-places.ts'

/** A log that is open: in a folder only for reading, as it was when it was opened. */
interface Opened {
  readonly log: Log
  readonly operations: Operations
  /** How the files of the log were. */
  readonly state?: string
}

/**
 * What answers for a log: the agent that runs on it or, while none runs, the log itself, open for reading only. An agent
 * may start and stop meanwhile: it finds the log free, since reading holds no lock. A log in PostgreSQL answers itself, and
 * asks the agents on it.
 */
export class LogView {
  readonly #directory: string
  readonly #code: ((log: Log) => Code) | undefined
  readonly #logger: Logger
  #opened: Opened | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #isResting = false

  /** `code`: the jobs on the log, while no agent runs. */
  constructor(directory: string, code: ((log: Log) => Code) | undefined, logger: Logger) {
    this.#directory = directory
    this.#code = code
    this.#logger = logger
  }

  /** Whether no agent answered when last asked. */
  get resting(): boolean {
    return this.#isResting
  }

  /** The operations of the agent, else of the log. */
  answering(): Promise<Operations> {
    const found = this.#turn.then(() => this.#find())
    this.#turn = found.catch(() => undefined)
    return found
  }

  /** Closes the log, if it is open. */
  async close(): Promise<void> {
    await this.#turn
    await this.#release()
  }

  async #find(): Promise<Operations> {
    if (isPostgres(this.#directory)) {
      this.#opened ??= await this.#openShared(this.#directory)
      return this.#opened.operations
    }
    const agent = await connect(this.#directory)
    this.#isResting = agent === undefined
    if (agent !== undefined) {
      await this.#release()
      return agent
    }
    const state = await stateOf(this.#directory)
    // An agent has run, or a command has changed something.
    if (this.#opened?.state !== state) await this.#release()
    this.#opened ??= await this.#open(state)
    return this.#opened.operations
  }

  async #openShared(address: PostgresAddress): Promise<Opened> {
    const log = await openExisting(address, { warn: (message) => this.#logger.warn({}, message) })
    return { log, operations: operationsOf(log, undefined, this.#code?.(log)) }
  }

  async #open(state: string): Promise<Opened> {
    const warn = (message: string): void => this.#logger.warn({}, message)
    // For code that has never run, an empty log answers.
    const log = (await holdsLog(this.#directory))
      ? await openLog(this.#directory, { readOnly: true, warn })
      : await memoryLog()
    return { log, operations: operationsOf(log, undefined, this.#code?.(log)), state }
  }

  async #release(): Promise<void> {
    const { log } = this.#opened ?? {}
    this.#opened = undefined
    await log?.close()
  }
}

/** Changes whenever LevelDB writes. */
async function stateOf(directory: string): Promise<string> {
  const files = ['CURRENT', 'MARK', '.'].map((name) => stat(join(directory, name)).catch(() => undefined))
  return (await Promise.all(files)).map((found) => `${found?.mtimeMs} ${found?.ino}`).join(' ')
}
