import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { compiledProgram } from '../support/compiled-program.ts'
import type { Random } from '../support/random.ts'
import { afterAll, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { checkRound, type Suffered, type Tally } from './chaos-check.ts'
import { type Cluster, promote } from './cluster.ts'
import { Diary, type DiaryLine, linesOf, type Noted, type SharerOrders } from './diary.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { ask } from './schemas.ts'

/** How long an agent counts as alive after its last heartbeat, in ms. */
const LEASE = 1500

interface Sharer {
  readonly who: string
  readonly child: ChildProcess
  readonly proxy: Proxy
  readonly ended: Promise<number | null>
  /** It was killed. */
  isDead: boolean
}

/** What a round is made of. */
export interface RoundParts {
  readonly cluster: Cluster
  /** A standby of that, where the agents continue when it dies. */
  readonly standby?: Cluster
  readonly schema: string
  readonly agents: number
  /** How long a run of the job takes, in ms: there is a slot each second. */
  readonly runs: number
  /** Whether they publish events. */
  readonly publishes: boolean
  readonly random: Random
}

/** One log, agents in processes of their own that share it, and what happens to them. */
export class Round {
  readonly #t: TestContext
  readonly #parts: RoundParts
  readonly #diary: Diary
  readonly #sharers: Sharer[] = []
  readonly #faults: Suffered[] = []
  #started = 0
  /** The server that is the primary now. */
  cluster: Cluster

  constructor(t: TestContext, parts: RoundParts) {
    this.#t = t
    this.#parts = parts
    this.cluster = parts.cluster
    this.#diary = new Diary(join(temporaryDirectory(t), 'diary'))
  }

  get random(): Random {
    return this.#parts.random
  }

  get #lines(): readonly Noted[] {
    return this.#diary.lines
  }

  /** Starts the agents, has `fault` happen while they work, and compares everything with the tables. */
  async run(fault: (round: Round) => Promise<void>): Promise<Tally> {
    try {
      return await this.#run(fault)
    } catch (cause) {
      throw new Error(`${String(cause)}\n${this.#course()}`, { cause })
    }
  }

  /** What happened, for a round that has failed: faults, warnings, and the ends of agents. */
  #course(): string {
    const faults = this.#faults.flatMap(({ who, from, to }) => [
      { at: from, words: `${who} begins to suffer` },
      ...(Number.isFinite(to) ? [{ at: to, words: `${who} suffers no more` }] : []),
    ])
    const lines = this.#lines.flatMap((line) => {
      const { what, who, at } = line
      if (what === 'warns' || what === 'logs') return { at, words: `${who} ${what}: ${line.words}` }
      return what === 'starts' || what === 'is quiet' || what === 'stops' ? { at, words: `${who} ${what}` } : []
    })
    return [...faults, ...lines]
      .toSorted((a, b) => a.at - b.at)
      .map(({ at, words }) => `${at} ${words}`)
      .join('\n')
  }

  async #run(fault: (round: Round) => Promise<void>): Promise<Tally> {
    const { agents, schema } = this.#parts
    await Promise.all(Array.from({ length: agents }, () => this.start()))
    await this.work()
    await fault(this)
    await this.work()
    const living = this.#sharers.filter(({ isDead }) => !isDead)
    for (const { child } of living) child.kill('SIGUSR2')
    const areQuiet = (): boolean => linesOf(this.#lines, 'is quiet').length === living.length
    await this.#untilAll('told', areQuiet, 'all publishers to end')
    await this.#untilAll('begins', () => this.#handled(), 'all events to be handled')
    // Before they end: a clean end is no death.
    for (const { child } of living) child.kill('SIGTERM')
    const codes = await Promise.all(living.map(({ ended }) => ended))
    const { problems, ...tally } = await checkRound({
      address: this.cluster.address,
      schema,
      lease: LEASE,
      lines: this.#lines,
      faults: this.#faults,
    })
    const failed = codes.flatMap((code) => (code === 0 ? [] : [`an agent ended with code ${code}`]))
    const all = [...problems, ...failed]

    if (all.length > 0) throw new Error(`${all.length} problems:\n${all.slice(0, 20).join('\n')}`)
    return tally
  }

  /** Starts one more agent, and waits until it runs. */
  async start(): Promise<void> {
    const { cluster, standby, schema, random, runs, publishes } = this.#parts
    const who = `agent${(this.#started += 1)}`
    const proxy = await startProxy(cluster.directory)
    const hosts = [proxy.directory, ...(standby === undefined ? [] : [standby.directory])].join(',')
    const address = `postgres:///postgres?host=${encodeURIComponent(hosts)}&user=tidings`
    const orders: SharerOrders = {
      address,
      schema,
      lease: LEASE,
      who,
      seed: random(1_000_000),
      runs,
      publishes,
      diary: this.#diary.file,
    }
    const program = await compiledProgram(join(import.meta.dirname, 'programs/sharer.ts'))
    const child = spawn(process.execPath, [program, JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    const ended = new Promise<number | null>((resolve) => {
      child.once('close', (code, signal) => {
        if (stderr !== '') this.#t.diagnostic(`${who}: ${stderr}`)
        resolve(signal === null ? code : null)
      })
    })
    this.#sharers.push({ who, child, proxy, ended, isDead: false })
    afterAll(this.#t, async () => {
      child.kill('SIGKILL')
      await ended
      await proxy.remove()
    })
    await until(
      async () => this.#lines.some((line) => line.what === 'starts' && line.who === who) || (await sleep(10)),
      `${who} to start`,
    )
  }

  /** Lets them work for a while. */
  async work(): Promise<void> {
    const [what, count] = this.#parts.publishes ? (['begins', 15] as const) : (['ran', 2] as const)
    const begun = linesOf(this.#lines, what).length
    await until(
      async () => linesOf(this.#lines, what).length >= begun + count || (await sleep(20)),
      'handlers and runs',
    )
    await sleep(300)
  }

  // On a busy machine that takes long: it fails once there is no new line of this kind for a while.
  async #untilAll(kind: DiaryLine['what'], met: () => boolean | Promise<boolean>, what: string): Promise<void> {
    for (let count = -1, isMet = false; !isMet; )
      await until(async () => {
        const now = linesOf(this.#lines, kind).length
        isMet = await met()
        const isMore = now !== count
        count = now
        if (!isMet && !isMore) await sleep(50)
        return isMet || isMore
      }, what)
  }

  async #handled(): Promise<boolean> {
    const { schema } = this.#parts
    const text = `SELECT (SELECT count(*) FROM "${schema}".event WHERE type = 'made'),
      (SELECT coalesce(sum(revision), 0) FROM "${schema}".state WHERE namespace = 'listener/hear'),
      (SELECT count(*) FROM "${schema}".mark)`
    const [[events, acks, marks] = []] = await ask(this.cluster.address, text)
    // More is a problem, which the check reports.
    return Number(acks) >= Number(events) && Number(marks) === 0
  }

  /** The agent that handles the listener, or drives the job: the one whose death hurts. */
  async #holder(): Promise<Sharer> {
    const { schema, random, publishes } = this.#parts
    const from = publishes && random(2) === 0 ? 'consumer' : 'hold'
    const name = from === 'consumer' ? 'hear' : 'job/count'
    return until(async () => {
      const [[holder] = []] = await ask(
        this.cluster.address,
        `SELECT holder FROM "${schema}".${from} WHERE name = $1`,
        [name],
      )
      const opened = linesOf(this.#lines, 'opens').find(({ agent }) => agent === holder)
      return this.#sharers.find(({ who, isDead }) => who === opened?.who && !isDead)
    }, `an agent that has the ${from}`)
  }

  async #suffer(who: string, during: () => Promise<unknown>): Promise<void> {
    const from = Date.now()
    await during()
    this.#faults.push({ who, from, to: Date.now() })
  }

  /** `kill -9`, and a new one starts. */
  async kill(): Promise<void> {
    const sharer = await this.#holder()
    sharer.isDead = true
    this.#faults.push({ who: sharer.who, from: Date.now(), to: Number.POSITIVE_INFINITY })
    sharer.child.kill('SIGKILL')
    await sharer.ended
    await this.start()
  }

  /** SIGSTOP, and SIGCONT after `ms`. */
  async freeze(ms: number): Promise<void> {
    const { who, child } = await this.#holder()
    await this.#suffer(who, async () => {
      child.kill('SIGSTOP')
      await sleep(ms)
      child.kill('SIGCONT')
    })
  }

  /** Its network is cut for `ms`, and what was sent arrives then. */
  async cut(ms: number): Promise<void> {
    const { who, proxy } = await this.#holder()
    await this.#suffer(who, () => proxy.cut(ms))
  }

  /** Its connections end, and what it has sent on them arrives `ms` later, when it has new ones. */
  async deliverLate(ms: number): Promise<void> {
    const { proxy } = await this.#holder()
    await proxy.deliverLate(ms)
  }

  /** `pg_terminate_backend` for every connection. */
  async terminate(): Promise<void> {
    await ask(
      this.cluster.address,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tidings'`,
    )
  }

  /** The primary dies, and its standby takes over. */
  async failOver(): Promise<void> {
    const { standby } = this.#parts
    await this.cluster.stop('SIGKILL')
    if (standby === undefined) throw new Error('there is no standby')
    await promote(standby)
    this.cluster = standby
  }
}
