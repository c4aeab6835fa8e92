import {
  checkWorld,
  PendingFaults,
  type Random,
  Recorder,
  randomOf,
  realPause,
  SimulatedWorld,
  Timeline,
  type WatchedDelivery,
  type WorldToSimulate,
} from '../../../lib/cli.ts'
import { Failure } from '../../cli/errors.ts'
import { answerTo } from './answer-to.ts'
import type { FromAgent, Orders } from './messages.ts'
import { type End, Victim } from './victim.ts'

/** The kinds of faults. */
export const torments = { kills: true, stops: true, clockSteps: true, diskFull: true } as const

/** A kind of fault. */
export type Torment = keyof typeof torments

export interface TormentOptions extends Omit<Orders, 'ahead'> {
  /** What answers. */
  readonly answers: WorldToSimulate
  /** How long it is tormented, in ms of real time. */
  readonly length: number
  readonly kinds: readonly Torment[]
  /** Called with how much of the time has passed, in ms. */
  readonly progress: (passed: number) => void
}

/** What happened to the agent. */
export interface Tormented {
  readonly timeline: Timeline
  readonly lives: number
  readonly counts: Readonly<Record<Torment, number>>
  /** What was asked for and is missing in the world. */
  readonly refused: readonly string[]
  /** The last words of the lives that ended by themselves. */
  readonly exits: readonly string[]
  /** Whether the last life, which has no faults, came to an end with its events. */
  readonly rested: boolean
}

/** Steps of the clock, in ms. */
const STEPS = [5000, 60_000, 3_600_000, 6 * 3_600_000, 86_400_000, -5000, -60_000, -3_600_000]

/** How many lives in a row may end before they have begun. */
const STILLBORN = 3

/** How often the clock of the last life is set forward, and by how much, in ms: for retries and digests that wait. */
const REST = { steps: 240, by: 3_600_000, every: 300 }

/**
 * Torments an agent in real processes, life after life, and lets the last one rest.
 *
 * @throws Failure with its last words for an agent that never begins; TidingsError `TIDINGS_AGENT_INVALID` for a world with
 *   unknown parts
 */
export async function torment(options: TormentOptions): Promise<Tormented> {
  const torture = new Torture(options)
  await torture.run()
  return torture.result()
}

/** How long the last life may take to stop, in ms. */
const LAST = 20_000

/** A process whose world, clock and record are here, where no fault reaches them. */
class Torture {
  readonly #options: TormentOptions
  readonly #random: Random
  readonly #recorder: Recorder
  readonly #world: SimulatedWorld
  readonly #refused = new Set<string>()
  readonly #exits: string[] = []
  readonly #counts: Record<Torment, number> = { kills: 0, stops: 0, clockSteps: 0, diskFull: 0 }
  /** How often each listener was killed after it had sent something. */
  readonly #aimed = new Map<string, number>()
  /** When the first life had begun. */
  #began: number | undefined
  #ahead = 0
  #lives = 0
  #agent = ''
  #life: Victim | undefined
  #deliveries = new Map<number, WatchedDelivery>()
  #drained = false

  constructor(options: TormentOptions) {
    this.#options = options
    this.#random = randomOf(options.seed)
    const now = (): number => Date.now() + this.#ahead
    const clock = { now, timer: () => () => undefined }
    this.#recorder = new Recorder(clock)
    const { answers, seed } = options
    const given = typeof answers === 'function' ? answers({ now, random: randomOf(seed), seed }) : answers
    checkWorld(given, 'TIDINGS_AGENT_INVALID', 'of tidings torture')
    const host = { clock, recorder: this.#recorder, faults: new PendingFaults([]), refused: this.#refused }
    this.#world = new SimulatedWorld(given, host)
  }

  async run(): Promise<void> {
    const { length, progress } = this.#options
    let stillborn = 0
    while (this.#passed < length && stillborn < STILLBORN) {
      const life = this.#begin()
      // Death at its start too, now and then.
      if (this.#has('kills') && this.#random() < 0.15)
        void realPause(this.#random() * 1000).then(() => this.#kill(life))
      await life.up
      const isBorn = life.isUp
      while (life.isUp && this.#passed < length) {
        progress(Math.min(this.#passed, length))
        await realPause(200 + this.#random() * 1500)
        if (life.isUp) await this.#disturb(life)
      }
      if (!life.isUp) stillborn = this.#over(await life.ended) && !isBorn ? stillborn + 1 : 0
    }
    if (stillborn < STILLBORN) return this.#rest()
    this.#life?.kill()
    if (this.#began === undefined)
      throw new Failure(this.#exits.at(-1) || `${this.#options.file} ends before it begins`)
  }

  result(): Tormented {
    const origin = { agent: this.#agent, from: Date.now() - this.#passed, to: Date.now(), seed: this.#options.seed }
    return {
      timeline: new Timeline(origin, this.#recorder.entries),
      lives: this.#lives,
      counts: this.#counts,
      refused: [...this.#refused],
      exits: this.#exits,
      rested: this.#drained,
    }
  }

  get #passed(): number {
    return this.#began === undefined ? 0 : Date.now() - this.#began
  }

  #has(kind: Torment): boolean {
    return this.#options.kinds.includes(kind)
  }

  #begin(): Victim {
    this.#lives += 1
    this.#deliveries = new Map()
    const { file, world, directory, seed } = this.#options
    const orders = { file, world, directory, seed, ahead: this.#ahead, 'env-file': this.#options['env-file'] }
    const life: Victim = new Victim(orders, (message) => void this.#told(life, message))
    this.#life = life
    return life
  }

  /** Whether the life ended by itself. */
  #over({ killed, words }: End): boolean {
    if (!killed) this.#exits.push(words)
    return !killed
  }

  #kill(life: Victim): void {
    if (this.#life !== life) return
    this.#mark('kills', 'SIGKILL')
    life.kill()
  }

  #mark(kind: Torment, words: string): void {
    this.#counts[kind] += 1
    this.#recorder.mark('fault', words)
  }

  async #disturb(life: Victim): Promise<void> {
    const { kinds } = this.#options
    const kind = kinds[Math.floor(this.#random() * kinds.length)]
    if (kind === 'kills') this.#kill(life)
    if (kind === 'stops') {
      this.#mark(kind, 'SIGSTOP')
      life.freeze()
      await realPause(500 + this.#random() * 3500)
      life.thaw()
    }
    if (kind === 'clockSteps') {
      const ms = STEPS[Math.floor(this.#random() * STEPS.length)] as number
      this.#mark(kind, `clock step by ${ms} ms`)
      this.#step(life, ms)
    }
    if (kind === 'diskFull') {
      this.#mark(kind, 'disk full')
      await life.limitFiles(true)
      await realPause(500 + this.#random() * 1500)
      await life.limitFiles(false)
    }
  }

  #step(life: Victim, ms: number): void {
    this.#ahead += ms
    life.tell({ tell: 'step', ms })
  }

  async #told(life: Victim, message: FromAgent): Promise<void> {
    if (message.told === 'up') {
      this.#agent = message.agent
      this.#began ??= Date.now()
    }
    if (message.told === 'drained') this.#drained = true
    if (message.told === 'begun') this.#deliveries.set(message.delivery, this.#recorder.delivery(message))
    if (message.told === 'ended') this.#deliveries.get(message.delivery)?.ended(message.status, message.error)
    if (message.told !== 'asks') return
    const { caller, id, asked } = message
    // Calls of handlers are counted over all lives.
    const delivery = caller.delivery === undefined ? {} : { delivery: this.#lives * 1e6 + caller.delivery }
    const { key, ...by } = caller
    const whole = { ...by, ...delivery, ...(key === undefined ? {} : { key: () => key }) }
    const answered = await answerTo(this.#world, whole, asked)
    if (life === this.#life && this.#isCut(caller.by, asked)) return this.#kill(life)
    life.tell({ tell: 'answer', id, answered })
  }

  // Each listener is killed the first time it has sent something, before it can note that; then less and less often.
  #isCut(by: string, asked: Parameters<typeof answerTo>[2]): boolean {
    if (!this.#has('kills') || !by.startsWith('listener ') || this.#passed >= this.#options.length) return false
    if ('request' in asked && /^(GET|HEAD)$/.test(asked.request.method)) return false
    const before = this.#aimed.get(by) ?? 0
    if (this.#random() * (before * before + 1) >= 1) return false
    this.#aimed.set(by, before + 1)
    return true
  }

  /** The agent runs undisturbed, until it has no event to handle. */
  async #rest(): Promise<void> {
    let life = this.#life
    if (life === undefined || !life.isUp) {
      life = this.#begin()
      await life.up
    }
    life.tell({ tell: 'rest' })
    for (let step = 0; step < REST.steps && life.isUp && !this.#drained; step++) {
      await realPause(REST.every)
      if (!this.#drained) this.#step(life, REST.by)
    }
    const isUp = life.isUp
    life.tell({ tell: 'stop' })
    const late = setTimeout(() => life.kill(), LAST)
    const end = await life.ended
    clearTimeout(late)
    if (!isUp) this.#over(end)
  }
}
