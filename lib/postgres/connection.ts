import type { Client } from 'pg'
import { type CancelTimer, systemClock } from '../core/clock.ts'
import { asError, TidingsError } from '../core/errors.ts'
import { SECOND } from '../core/time-units.ts'
import { codes } from './sql/functions.ts'

/** A row, as a list of its values. Numbers of 64 bits are text. */
export type Row = readonly unknown[]

/** How long the server may take to answer, in ms: a connection that has died without a word is given up then. */
const MOST_SILENCE = 10_000

/** How long connecting may take, in ms. */
const MOST_CONNECTING = 5000

/** The errors by which a function refuses a call. Nothing is wrong with the connection. */
const REFUSALS: ReadonlySet<string> = new Set(Object.values(codes))

/** The part of the server that ends the wait of a commit for its replica. */
const WAITS_FOR_REPLICA = 'SyncRepWaitForLSN'

/** A SQLSTATE, which the server's own errors have. Those of the system, such as EPIPE, begin with another letter. */
const STATE = /^[\dFHPX][\dA-Z]{4}$/

/** The server ends the connection, or can't write any more: what became of the statement is unknown. */
const ENDED = /^(57|08|25006|53|58|XX)/

/** A function is gone: whether this version still fits to the log is checked when it connects. */
const OUTGROWN = '42883'

/** One connection. It answers one question after another; a broken one rejects all of them, and is not used again. */
export class Connection {
  /** The address of the server that it reaches. */
  readonly address: string
  readonly #client: Client
  readonly #onBroken: () => void
  #last: Promise<unknown> = Promise.resolve()
  #broken: Error | undefined
  readonly #silence: number
  /**
   * Asks, on another connection, whether this one's statement waits for a replica. If so it has no time limit: it is
   * committed here, and must neither be cancelled nor asked again and again.
   */
  isWaiting: (server: number) => Promise<boolean> = async () => false

  /** Connects. `onBroken` is called once, when the connection breaks. `silence`: how long an answer may take, in ms. */
  static async open(address: string, onBroken: () => void, silence = MOST_SILENCE): Promise<Connection> {
    const { default: pg } = await importPg()
    const client = clientOf(pg, address)
    const connection = new Connection(client, address, onBroken, silence)
    client.on('error', (error) => connection.#fail(error))
    // The statement would succeed, but what it has written may be here alone.
    client.on('notice', ({ routine, message }) => {
      if (routine === WAITS_FOR_REPLICA) connection.#fail(new Error(message))
    })
    client.on('end', () => connection.#fail(new Error('the server has closed the connection')))
    await client.connect().catch((error: Error & { readonly code?: string }) => {
      // An error of several addresses has no message.
      const words = `PostgreSQL can't be reached: ${error.message || error.code}`
      throw new TidingsError('TIDINGS_LOG_FAILED', words, { cause: error })
    })
    return connection
  }

  private constructor(client: Client, address: string, onBroken: () => void, silence: number) {
    this.address = address
    this.#client = client
    this.#silence = silence
    this.#onBroken = onBroken
  }

  /** Whether it is of no use any more. */
  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  /** Asks after all earlier questions are answered. */
  ask(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const answer = this.#last.then(() => this.#ask(text, values))
    this.#last = answer.catch(() => undefined)
    return answer
  }

  /** Calls back with each notification on a channel. */
  async listen(channel: string, heard: (payload: string) => void): Promise<void> {
    // A pooler gives a connection of the server to several clients: what it listens to may be for another log.
    this.#client.on('notification', ({ channel: heardOn, payload = '' }) => {
      if (heardOn === channel) heard(payload)
    })
    await this.ask(`LISTEN "${channel}"`)
  }

  async close(): Promise<void> {
    await this.#last
    this.#broken ??= new Error('the connection is closed')
    await this.#client.end().catch(() => undefined)
  }

  /** Cuts the connection: nothing more is sent. */
  destroy(): void {
    this.#broken ??= new Error('the connection is closed')
    // `end` would send a farewell, and wait.
    ;(this.#client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
  }

  async #ask(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    if (this.#broken !== undefined) throw unknown(this.#broken)
    try {
      const query = this.#client.query<Row[]>({ text, values: [...values], rowMode: 'array' })
      const { rows } = await this.#answer(query)
      if (this.isBroken) throw new Error('the connection broke before the answer was sure')
      return rows
    } catch (error) {
      const { code } = error as { readonly code?: unknown }
      if (typeof code === 'string' && REFUSALS.has(code)) throw error
      if (!isRolledBack(code)) this.#fail(asError(error))
      throw unknown(asError(error))
    }
  }

  async #answer<T>(query: Promise<T>): Promise<T> {
    // It rejects when the connection is cut, and may have no reader then.
    query.catch(() => undefined)
    for (;;) {
      let stop: CancelTimer = () => undefined
      const silence = new Promise<undefined>((resolve) => {
        stop = systemClock.timer(() => resolve(undefined), this.#silence)
      })
      const answer = await Promise.race([query, silence]).finally(() => stop())
      if (answer !== undefined) return answer
      const { processID } = this.#client as Client & { readonly processID: number }
      if (!(await this.isWaiting(processID))) throw new Error(`no answer in ${this.#silence / SECOND} s`)
    }
  }

  #fail(error: Error): void {
    if (this.#broken !== undefined) return
    this.#broken = error
    this.destroy()
    this.#onBroken()
  }
}

/** Whether a function has refused a call for this reason. */
export function isRefused(error: unknown, why: keyof typeof codes): error is Error {
  return error instanceof Error && (error as { readonly code?: unknown }).code === codes[why]
}

/** Whether the server has answered that a statement failed, as after a deadlock: then nothing of it is stored. */
export function isUndone(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  return isRolledBack(cause?.code)
}

function isRolledBack(code: unknown): boolean {
  return typeof code === 'string' && STATE.test(code) && !ENDED.test(code) && code !== OUTGROWN
}

// Not acknowledged, but perhaps stored, unless it was rolled back: asked again, the log knows.
function unknown(error: Error): TidingsError {
  const { code } = error as { readonly code?: unknown }
  const words = isRolledBack(code) ? 'PostgreSQL has stored nothing' : 'PostgreSQL has not answered'
  return new TidingsError('TIDINGS_LOG_FAILED', `${words}: ${error.message}`, { cause: error })
}

// An address that is not a URL is not repeated: it may hold a password.
function clientOf(pg: Pick<typeof import('pg'), 'Client'>, address: string): Client {
  try {
    return new pg.Client({
      connectionTimeoutMillis: MOST_CONNECTING,
      keepAlive: true,
      application_name: 'tidings',
      connectionString: address,
    })
  } catch (error) {
    const hint = `in a user or password, write @ : / ? # % as %40 %3A %2F %3F %23 %25`
    const words =
      (error as { readonly code?: unknown }).code === 'ERR_INVALID_URL'
        ? `it is not a URL; ${hint}`
        : asError(error).message
    throw new TidingsError('TIDINGS_LOG_INVALID', `the address of PostgreSQL can't be used: ${words}`)
  }
}

async function importPg(): Promise<typeof import('pg')> {
  try {
    return await import('pg')
  } catch (error) {
    const words = 'a log in PostgreSQL needs the package pg: npm install pg'
    throw new TidingsError('TIDINGS_LOG_INVALID', words, { cause: error })
  }
}
