import { type Observable, Subject } from 'rxjs'
import { background, type CancelTimer, type Clock, elapsed, realPause, systemClock } from '../core/clock.ts'
import { asError, hasCode, TidingsError } from '../core/errors.ts'
import { MINUTE, SECOND } from '../core/time-units.ts'
import { connectTo } from './connect.ts'
import { Connection, type Row } from './connection.ts'
import { checkLog, type Place, placeOf, TIMELINE } from './gate.ts'
import { ServerTime } from './log-clock.ts'
import { checkFunctions } from './make-log.ts'
import { Wake } from './wake.ts'

/** The pause between two attempts to reconnect, in ms: doubled after each one. */
const RECONNECT = { first: 50, most: SECOND }

/** How long the server may take to answer what is asked aside, in ms: it may read a whole log before. */
const PATIENCE = 30 * MINUTE

/** Asks on one connection. */
export type Ask = Connection['ask']

/** The parts of a session. */
export interface SessionOptions {
  readonly address: string
  readonly schema: string
  /** Unique to this opening of the log. */
  readonly agent: string
  /** How long the agent counts as alive after its last heartbeat, in ms. */
  readonly lease: number
  /** Dates the events; undefined: the server's clock. */
  readonly dates: Clock | undefined
  /** Called with failures. */
  warn(message: string): void
}

/**
 * The connections of an open log. One writes, and reads what was written before; the other reads events. If one breaks,
 * both are replaced: what the old ones may still write is fenced by a later epoch (decision 0075).
 *
 * ```
 *   ready ── a connection breaks ──▶ failed ── connected, onReconnected ──▶ ready
 *     └───────────── close() ──────────┴──▶ closed
 * ```
 */
export class Session {
  readonly options: SessionOptions
  /** Emits when the session has failed and when it is ready again; errors when the log is closed. */
  readonly changes$ = new Subject<unknown>()
  /** Emits the highest durable seq whenever it rises; completes when the log is closed. */
  readonly committed$: Observable<number>
  readonly #committed$ = new Subject<number>()
  #state: 'ready' | 'failed' | 'closed' = 'failed'
  #writer: Connection | undefined
  #reader: Connection | undefined
  readonly #asides = new Set<Connection>()
  readonly #wake: Wake
  #timeline = ''
  /** The server may have lost commits, and what is in memory does not know yet. */
  #isOther = false
  #durability: Place['durability'] = 'disk'
  #durable = 0
  #first = 1
  /** What time it is at the server. */
  readonly time = new ServerTime()
  #cancel: CancelTimer = () => undefined
  #beat: CancelTimer = () => undefined
  #watch: CancelTimer = () => undefined
  /** When the lease ends, by `elapsed`. */
  #leaseEnds = Number.POSITIVE_INFINITY
  #hasExpired = false
  /**
   * Called with each pair of connections after the first, before anything else is asked of it. `isOther`: the server may
   * have lost commits. Returns what to do when the session is ready.
   */
  onReconnected: (write: Session['write'], isOther: boolean) => Promise<() => void> = async () => () => undefined
  /** Called when the lease has ended without a heartbeat: to the other agents, this one is dead. */
  onExpired: () => void = () => undefined
  /** Called when the durable seq has risen from one number to another. */
  onCommitted: (before: number, last: number) => void = () => undefined

  constructor(options: SessionOptions) {
    this.options = options
    this.committed$ = this.#committed$.asObservable()
    this.#wake = new Wake(options.schema, (seq, first) => this.reached(seq, first))
  }

  get state(): 'ready' | 'failed' | 'closed' {
    return this.#state
  }

  /** The highest durable seq that is known here. */
  get durable(): number {
    return this.#durable
  }

  /** What an answer survives, as of the last connect. */
  get durability(): Place['durability'] {
    return this.#durability
  }

  /** The lowest seq whose body is kept. */
  get first(): number {
    return this.#first
  }

  /** The time for the functions of the log: null leaves it to the server. */
  get now(): number | null {
    return this.options.dates?.now() ?? null
  }

  /** Connects for the first time. */
  async open(): Promise<void> {
    await this.#connect()
    this.#state = 'ready'
    // Also runs while nothing is connected, and first of all when the process has been frozen.
    this.#watch = background(() => this.#checkLease(), this.options.lease / 10)
  }

  /** Asks on the connection that writes, after everything that was asked of it before. */
  write(text: string, values?: readonly unknown[]): Promise<readonly Row[]> {
    return this.#ask(this.#writer, text, values)
  }

  /** Asks on the connection that reads. */
  read(text: string, values?: readonly unknown[]): Promise<readonly Row[]> {
    return this.#ask(this.#reader, text, values)
  }

  /** Asks on a connection of its own, what takes too long for the others. It is cut when the session ends. */
  async aside<T>(act: (ask: Ask) => Promise<T>): Promise<T> {
    this.checkOpen()
    const connection = await connectTo(this.options.address, () => undefined, PATIENCE)
    this.#asides.add(connection)
    try {
      this.checkOpen()
      return await act((text, values) => connection.ask(text, values))
    } catch (error) {
      this.checkOpen()
      throw error
    } finally {
      this.#asides.delete(connection)
      if (this.#state === 'closed') connection.destroy()
      else await connection.close()
    }
  }

  /** The name of a function or table of the log, for a statement. */
  name(own: string): string {
    return `"${this.options.schema}".${own}`
  }

  /** The log is known to reach to this seq, and to begin at `first`, if that is given. Returns whether the seq is news. */
  reached(seq: number, first = this.#first): boolean {
    this.#first = Math.max(this.#first, first)
    if (seq <= this.#durable) return false
    const before = this.#durable
    this.#durable = seq
    this.onCommitted(before, seq)
    this.#committed$.next(seq)
    return true
  }

  /** This agent has stored events up to this seq. */
  stored(seq: number): void {
    if (seq <= this.#durable) return
    this.reached(seq)
    this.#wake.tell(seq)
  }

  /** @throws TidingsError `TIDINGS_LOG_CLOSED` */
  checkOpen(): void {
    if (this.#state === 'closed') throw new TidingsError('TIDINGS_LOG_CLOSED', 'the log is closed')
  }

  /** Ends the session. `farewell` writes a last time; without it, the connections are cut. */
  async end(farewell?: () => Promise<void>): Promise<void> {
    if (this.#state === 'closed') return
    this.#cancel()
    this.#beat()
    this.#watch()
    this.#leaseEnds = Number.POSITIVE_INFINITY
    this.#wake.stop()
    if (farewell !== undefined && this.#state === 'ready') await farewell().catch(() => undefined)
    this.#state = 'closed'
    for (const each of this.#asides) each.destroy()
    if (farewell === undefined) this.#cut()
    else await Promise.all([this.#writer?.close(), this.#reader?.close()])
    this.#committed$.complete()
    this.changes$.error(new TidingsError('TIDINGS_LOG_CLOSED', 'the log is closed'))
  }

  async #ask(connection: Connection | undefined, text: string, values?: readonly unknown[]): Promise<readonly Row[]> {
    this.checkOpen()
    if (this.#state === 'failed' || connection === undefined)
      throw new TidingsError('TIDINGS_LOG_FAILED', 'the log is not connected to PostgreSQL now')
    try {
      const rows = await connection.ask(text, values)
      // What continues here may have been frozen while it waited.
      this.#checkLease()
      return rows
    } catch (error) {
      this.checkOpen()
      throw error
    }
  }

  // Asks on a connection that nothing else uses yet.
  #fresh(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    this.checkOpen()
    return (this.#writer as Connection).ask(text, values)
  }

  async #connect(): Promise<void> {
    const broken = (): void => this.#fail()
    const [writer, reader] = await openBoth(this.options.address, broken)
    try {
      await checkLog(writer, this.options.schema)
      await checkFunctions(writer, this.options.schema)
      const { timeline, first, durability, ...place } = await placeOf(writer, this.options.schema)
      const isOther = timeline !== this.#timeline
      const seq = isOther ? await this.#arrive(writer) : place.seq
      if (isOther && place.seq < this.#durable)
        this.options.warn(`the server that has taken over lacks the events after ${place.seq}`)
      this.#isOther ||= isOther && this.#timeline !== ''
      this.#timeline = timeline
      this.#durability = durability
      this.#durable = isOther ? seq : Math.max(seq, this.#durable)
      this.#first = first
      this.#writer = writer
      this.#reader = reader
      await this.#keepAlive(reader)
      await this.#wake.start(reader)
    } catch (error) {
      writer.destroy()
      reader.destroy()
      throw error
    }
  }

  // No seq is used twice: the log ends where any agent knows that it has ended (decision 0081).
  async #arrive(connection: Connection): Promise<number> {
    const { agent, lease } = this.options
    const values = [agent, lease, this.#durable, this.#durability !== 'quorum']
    for (;;) {
      this.checkOpen()
      const [[seq] = []] = await connection.ask(`SELECT ${this.name('arrive_2')}($1, $2, $3, $4)`, values)
      if (seq !== null) return Number(seq)
      await realPause(lease / 100)
    }
  }

  async #keepAlive(connection: Connection): Promise<void> {
    const { agent, lease } = this.options
    const beat = async (): Promise<void> => {
      const sent = elapsed()
      // It need not wait for a replica that is away: the agent lives.
      const local = `set_config('synchronous_commit', 'local', true)`
      const text = `SELECT ${local}, ${this.name('beat')}($1, $2), ${this.name('now_ms')}(), ${TIMELINE}`
      const [[, , now, timeline] = []] = await connection.ask(text, [agent, lease])
      this.#checkLease()
      this.#leaseEnds = sent + lease
      this.#hasExpired = false
      this.time.heard(Number(now), sent)
      // Behind a pooler, another server may take over while the connection stays.
      if (timeline !== this.#timeline) this.#fail()
    }
    this.#beat()
    await beat()
    this.#beat = background(() => void beat().catch(() => undefined), lease / 3)
  }

  // The server's count ends later: it begins when the heartbeat arrives.
  #checkLease(): void {
    const silence = elapsed() - this.#leaseEnds
    if (silence <= 0) return
    if (!this.#hasExpired) {
      const ms = Math.round(silence + this.options.lease)
      this.options.warn(`PostgreSQL has not heard this agent for ${ms} ms: other agents may do its work now`)
    }
    this.#hasExpired = true
    this.onExpired()
  }

  #fail(): void {
    if (this.#state !== 'ready') return
    this.#state = 'failed'
    this.#beat()
    this.#wake.stop()
    this.#cut()
    this.options.warn('the connection to PostgreSQL has broken; the log reconnects')
    this.changes$.next(undefined)
    void this.#reconnect()
  }

  #cut(): void {
    this.#writer?.destroy()
    this.#reader?.destroy()
  }

  async #reconnect(): Promise<void> {
    for (let pause = RECONNECT.first; this.#state === 'failed'; pause = Math.min(pause * 2, RECONNECT.most)) {
      try {
        await this.#connect()
        if (this.#state !== 'failed') return this.#cut()
        const isReady = await this.onReconnected((text, values = []) => this.#fresh(text, values), this.#isOther)
        if (this.#state !== 'failed') return this.#cut()
        // A connection that breaks before the session is ready is not reported.
        if (this.#writer?.isBroken !== false || this.#reader?.isBroken !== false) throw new Error('it broke again')
        this.#state = 'ready'
        const where = this.#isOther ? ': another server has taken over' : ''
        this.#isOther = false
        isReady()
        this.options.warn(`the log is connected to PostgreSQL again${where}`)
        this.changes$.next(undefined)
        return
      } catch (error) {
        this.#cut()
        if (this.state === 'closed') return
        if (hasCode(error, 'TIDINGS_LOG_FORMAT')) return this.#outgrown(asError(error))
        this.#state = 'failed'
        this.options.warn(`the log can't reconnect to PostgreSQL: ${asError(error).message}`)
        await new Promise<void>((resolve) => {
          const stop = systemClock.timer(resolve, pause)
          this.#cancel = () => (stop(), resolve())
        })
      }
    }
  }

  // A newer version has changed the log so that this one can't use it: its agent ends, and is started again as that one.
  async #outgrown(error: Error): Promise<void> {
    this.options.warn(`the log closes: ${error.message}`)
    this.onExpired()
    await this.end()
  }
}

async function openBoth(address: string, broken: () => void): Promise<[Connection, Connection]> {
  const writer = await connectTo(address, broken)
  try {
    const reader = await Connection.open(writer.address, broken)
    const text = `SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $1`
    writer.isWaiting = async (server) => (await reader.ask(text, [server]))[0]?.[0] === true
    return [writer, reader]
  } catch (error) {
    writer.destroy()
    throw error
  }
}
