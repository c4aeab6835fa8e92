import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { agent } from '../../lib/agent/define/agent.ts'
import type { Running } from '../../lib/agent/run/running.ts'
import { start } from '../../lib/agent/start.ts'
import { Retry } from '../../lib/core/control.ts'
import { type Job, job, type Run } from '../../lib/job/job.ts'
import { history, type RunRow } from '../../lib/job/run-report.ts'
import type { JobOptions } from '../../lib/job/settings.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { cron, every, type Schedule } from '../../lib/schedule/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { MortalSource } from '../faults/mortal-source.ts'
import { filterFromStart, levelLog } from '../support/level-log.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

/** After this long, in ms, a slot has its outcome: its jitter, its runs, the pauses between them, and those of the slot before. */
const SETTLED = 40 * MINUTE

/** Timers notice a step of the clock within 30 s: after this long, in ms, every due slot was decided. */
const LOOKED = 31 * SECOND

/** An event in the life of a job; times in seconds. */
type Happening =
  | { readonly is: 'pass' | 'step'; readonly seconds: number }
  | { readonly is: 'down'; readonly seconds: number; readonly how: 'stop' | 'crash' }
  | { readonly is: 'edit'; readonly schedule: number }
  | { readonly is: 'enable' | 'pause'; readonly on: boolean }
  | { readonly is: 'trigger' }

/** A job and the events in its life. `works`: how many seconds each run works, and how it ends, one after another. */
interface Story {
  readonly options: JobOptions
  readonly works: readonly { readonly seconds: number; readonly ends: 'well' | 'fails' | 'later' }[]
  readonly happenings: readonly Happening[]
}

const schedules: readonly Schedule[] = [
  every(2).minutes,
  cron('*/3 * * * *', { timezone: 'UTC' }),
  every(90).seconds,
  every(1).to(4).minutes,
]

const seconds = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max })
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ is: fc.constant('pass' as const), seconds: seconds(400) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constant('down' as const),
      seconds: seconds(500),
      how: fc.constantFrom('stop' as const, 'crash' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ is: fc.constant('step' as const), seconds: fc.integer({ min: -400, max: 400 }) }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('edit' as const), schedule: fc.nat(schedules.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('enable' as const), on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('pause' as const), on: fc.boolean() }) },
  { weight: 2, arbitrary: fc.constant({ is: 'trigger' as const }) },
)
const story: fc.Arbitrary<Story> = fc.record({
  options: fc.record({
    overlap: fc.constantFrom('skip' as const, 'queue' as const, 'replace' as const, 'parallel' as const),
    missed: fc.constantFrom('once' as const, 'skip' as const, 'all' as const),
    jitter: fc.constantFrom(0, 0, 40 * SECOND, 5 * MINUTE),
    retry: fc.constantFrom(0, 0, 2),
    timeout: fc.constant(4 * MINUTE),
  }),
  works: fc.array(
    fc.record({
      seconds: fc.constantFrom(0, 0, 20, 200, 900),
      ends: fc.constantFrom('well' as const, 'fails' as const, 'later' as const),
    }),
    {
      minLength: 1,
      maxLength: 6,
    },
  ),
  happenings: fc.array(happening, { minLength: 1, maxLength: 12 }),
})

/** A period in which the job had one schedule: its slots in (`from`, `to`] must have an outcome. */
interface Epoch {
  readonly schedule: Schedule
  readonly anchor: number
  readonly from: number
  to: number
}

/** A job in an agent on a log in memory, under a virtual clock: it can be stopped, killed and edited. */
class World {
  readonly clock = virtualClock()
  readonly epochs: Epoch[] = []
  readonly wrongs: string[] = []
  readonly asked: { readonly at: number; settled: boolean }[] = []
  /** Whether runs were active at the end: a long row of missed slots takes longer than any story. */
  busy = false
  readonly #source = new MortalSource()
  readonly #story: Story
  #log: LevelLog | undefined
  #running: Running | undefined
  #life = 0
  #began = 0
  #executing = 0
  #schedule = 0
  #enabled = true
  #paused = false
  #latest = this.clock.now()

  constructor(told: Story) {
    this.#story = told
  }

  get log(): LevelLog {
    return this.#log as LevelLog
  }

  /** Opens the log without starting an agent. */
  async look(): Promise<LevelLog> {
    this.#log = await levelLog({
      source: this.#source,
      clock: this.clock,
      ...filterFromStart(),
      warn: (said) => this.wrongs.push(said),
    })
    return this.#log
  }

  async begin(): Promise<void> {
    const log = await this.look()
    this.#executing = 0
    this.#running = await start(agent('model', [this.#job()]), { log, clock: this.clock, logger: false })
  }

  async end(how: 'stop' | 'crash'): Promise<void> {
    this.#life += 1
    if (how === 'crash') return this.#source.crash()
    let ended = false
    const stopping = this.#running?.stop().finally(() => (ended = true))
    for (let second = 0; second < 12 && !ended; second++) await this.clock.advance(second === 0 ? 0 : SECOND)
    await stopping
    await this.log.close()
    this.#shown()
  }

  async happen(what: Happening): Promise<void> {
    switch (what.is) {
      case 'pass':
        await this.clock.advance(what.seconds * SECOND)
        return this.#looked(what.seconds * SECOND)
      case 'step':
        this.clock.step(what.seconds * SECOND)
        return this.#shown()
      case 'down':
        await this.end(what.how)
        await this.clock.advance(what.seconds * SECOND)
        this.#shown()
        await this.begin()
        return this.clock.advance(0)
      case 'edit':
        return this.#edited(() => (this.#schedule = what.schedule))
      case 'enable':
        return this.#edited(() => (this.#enabled = what.on))
      case 'pause':
        this.#paused = what.on
        if (what.on) await this.log.store('tidings/paused-jobs').set('j', { since: 0 })
        else await this.log.store('tidings/paused-jobs').delete('j')
        return this.#helm().pause('job', 'j', what.on)
      case 'trigger': {
        // During another run it waits or is blocked, like any slot.
        const free = this.#executing === 0 && this.asked.every(({ settled }) => settled)
        const asked = { at: this.clock.now(), settled: false }
        this.asked.push(asked)
        const life = this.#life
        void this.#running?.trigger('j').then((report) => {
          asked.settled = true
          if (report !== undefined && free && report.late > 0 && report.attempt === 1 && life === this.#life)
            this.wrongs.push(`asked for at ${report.slot.toISOString()}, and began ${report.late} ms late`)
        })
        return this.clock.advance(0)
      }
    }
  }

  /** Lets time pass until every slot has its outcome. */
  async settle(): Promise<void> {
    this.#paused = false
    await this.happen({ is: 'pause', on: false })
    this.clock.step(Math.max(0, this.#latest - this.clock.now()))
    await this.happen({ is: 'pass', seconds: 60 })
    // A resumed schedule waits for a run by hand that began meanwhile; missed slots run one after another.
    for (let times = 0; times < 5; times++) {
      await this.happen({ is: 'pass', seconds: SETTLED / SECOND })
      const { open } = await this.log.slots('j')
      this.busy = open.some(({ held, at = 0 }) => held || at > this.clock.now())
      if (open.every(({ slot }) => slot.getTime() > this.clock.now() - SETTLED + MINUTE)) return
    }
  }

  begins(from: number = this.clock.now()): void {
    const anchor = this.clock.now()
    const settled = Math.max(from, this.#latest)
    this.epochs.push({ schedule: schedules[this.#schedule] as Schedule, anchor, from: settled, to: 0 })
  }

  async #edited(edit: () => void): Promise<void> {
    const before = [this.#schedule, this.#enabled]
    await this.end('stop')
    edit()
    const changed = before[0] !== this.#schedule || (before[1] === false && this.#enabled)
    if (changed) this.begins()
    await this.begin()
    await this.clock.advance(0)
  }

  // Every slot up to now was decided.
  #looked(ms: number): void {
    this.#shown()
    const epoch = this.epochs.at(-1)
    if (epoch === undefined || this.#paused || !this.#enabled || ms < LOOKED) return
    epoch.to = Math.max(epoch.to, this.clock.now())
  }

  #shown(): void {
    this.#latest = Math.max(this.#latest, this.clock.now())
  }

  #helm(): { pause(kind: 'job', name: string, paused: boolean): void } {
    return this.#running as unknown as { pause(kind: 'job', name: string, paused: boolean): void }
  }

  #job(): Job {
    const { options, works } = this.#story
    const life = this.#life
    const alone = options.overlap === 'skip' || options.overlap === 'queue'
    const run: Run = async ({ slot, attempt, publish, signal }) => {
      if (life !== this.#life) return new Promise(() => undefined)
      this.#executing += 1
      if (alone && this.#executing > 1) this.wrongs.push(`${slot.toISOString()} ran beside another run`)
      const work = works[this.#began++ % works.length] as Story['works'][number]
      await new Promise<void>((resolve) => {
        if (signal.aborted || work.seconds === 0) return resolve()
        const cancel = this.clock.timer(resolve, work.seconds * SECOND)
        signal.addEventListener('abort', () => {
          cancel()
          resolve()
        })
      })
      if (life === this.#life) this.#executing -= 1
      if (work.ends === 'later' && attempt < 3) throw new Retry({ after: 100 * SECOND })
      if (work.ends === 'fails') throw new Error('no')
      publish('made', `${slot.toISOString()} ${this.#began}`, null)
    }
    const schedule = schedules[this.#schedule] as Schedule
    return job('j', schedule, run, { ...options, enabled: this.#enabled })
  }
}

const slotsIn = ({ schedule, anchor, from, to }: Epoch): number[] => {
  const slots: number[] = []
  let at = schedule.next(new Date(from), new Date(anchor))
  for (; at !== undefined && at.getTime() <= to; at = schedule.next(at, new Date(anchor))) slots.push(at.getTime())
  return slots
}

function isSlot({ schedule, anchor }: Epoch, at: number): boolean {
  return schedule.next(new Date(at - 1), new Date(anchor))?.getTime() === at
}

/** The result of a story. `asked`: when runs by hand were requested. */
interface Found {
  readonly rows: readonly RunRow[]
  readonly open: ReadonlySet<number>
  readonly epochs: readonly Epoch[]
  readonly asked: readonly number[]
  readonly now: number
  readonly busy: boolean
}

/** Finds slots without exactly one outcome in the log. */
function wrongFates({ rows, open, epochs, asked, now, busy }: Found): string[] {
  const wrong: string[] = []
  const schedulesOf = new Map<number, Epoch[]>()
  for (const epoch of epochs)
    for (const slot of slotsIn(epoch)) schedulesOf.set(slot, [...(schedulesOf.get(slot) ?? []), epoch])
  const notes = rows.filter(({ attempt }) => attempt === 0)
  const ended = ['done', 'cancelled']
  for (const [slot, its] of schedulesOf) {
    const tried = rows.filter((row) => row.attempt > 0 && Date.parse(row.slot) === slot)
    // A series consists of the slots of one schedule: others may lie between them.
    const noted = notes.filter(
      (row) =>
        Date.parse(row.slot) <= slot &&
        slot <= Date.parse(row.until ?? row.slot) &&
        its.some((epoch) => isSlot(epoch, Date.parse(row.slot))),
    )
    const waits = open.has(slot) && tried.length === 0 ? 1 : 0
    const fates = Math.min(1, tried.length) + noted.length + waits
    const said = [...tried, ...noted].map(({ attempt, status }) => `#${attempt} ${status}`).join(', ')
    if (fates !== 1) wrong.push(`${new Date(slot).toISOString()} has ${fates} fates: ${said}`)
  }
  for (const { slot, attempt, status } of rows) {
    const later = rows.filter((row) => row.slot === slot && row.attempt > attempt)
    if (attempt > 0 && ended.includes(status) && later.length > 0) wrong.push(`${slot} ran again after ${status}`)
  }
  const named = new Set(epochs.flatMap((epoch) => slotsIn({ ...epoch, from: epoch.anchor, to: now })))
  for (const { slot, attempt } of rows) {
    const at = Date.parse(slot)
    if (attempt > 0 && !named.has(at) && !asked.some((ms) => ms <= at && at <= ms + SECOND))
      wrong.push(`${slot} ran unasked`)
  }
  for (const slot of open) {
    if (!busy && slot < now - SETTLED) wrong.push(`${new Date(slot).toISOString()} is still open`)
  }
  return wrong
}

async function tell(told: Story): Promise<void> {
  const world = new World(told)
  world.begins()
  await world.begin()
  await world.clock.advance(0)
  for (const each of told.happenings) await world.happen(each)
  await world.settle()
  await world.end('stop')
  const log = await world.look()
  const rows: RunRow[] = []
  for await (const row of history(log, 'j', {})) rows.push(row)
  const open = new Set((await log.slots('j')).open.map(({ slot }) => slot.getTime()))
  await log.close()
  // The log keeps a hundred records: of a story with more, only the newest can be checked.
  const oldest = rows.length < 100 ? 0 : Date.parse(rows[0]?.slot ?? '')
  const epochs = world.epochs.map((epoch) => ({ ...epoch, from: Math.max(epoch.from, oldest) }))
  const unanswered = world.asked.filter(({ settled }) => !settled).length
  const crashed = told.happenings.some((each) => each.is === 'down' && each.how === 'crash')
  const asked = world.asked.map(({ at }) => at)
  assert.deepEqual(wrongFates({ rows, open, epochs, asked, now: world.clock.now(), busy: world.busy }), [])
  assert.deepEqual(world.wrongs, [])
  if (!crashed) assert.equal(unanswered, 0, 'a run that was asked for was never answered')
}

/** Stories that once left a slot with two outcomes, or without one. */
const found: readonly Story[] = [
  // A run by hand takes the place of a run whose retry a pause has just ended.
  {
    options: { overlap: 'replace', missed: 'once', jitter: 0, retry: 0, timeout: 4 * MINUTE },
    works: [
      { seconds: 0, ends: 'later' },
      { seconds: 0, ends: 'well' },
    ],
    happenings: [
      { is: 'pass', seconds: 120 },
      { is: 'pause', on: true },
      { is: 'pause', on: false },
      { is: 'trigger' },
    ],
  },
  // A slot waits for its jitter when the schedule is edited, and a run by hand begins in the same millisecond.
  {
    options: { overlap: 'skip', missed: 'once', jitter: 40 * SECOND, retry: 0, timeout: 4 * MINUTE },
    works: [{ seconds: 0, ends: 'well' }],
    happenings: [{ is: 'pass', seconds: 120 }, { is: 'edit', schedule: 1 }, { is: 'trigger' }],
  },
  // A job is disabled while a slot waits for its retry, and enabled by a clock that went back before that slot.
  {
    options: { overlap: 'skip', missed: 'skip', jitter: 0, retry: 0, timeout: 4 * MINUTE },
    works: [
      { seconds: 0, ends: 'later' },
      { seconds: 0, ends: 'well' },
    ],
    happenings: [
      { is: 'edit', schedule: 1 },
      { is: 'pass', seconds: 181 },
      { is: 'enable', on: false },
      { is: 'step', seconds: -31 },
      { is: 'enable', on: true },
    ],
  },
  // A resumed schedule waits for a run by hand, a slot passes, and the job is paused again, and disabled.
  {
    options: { overlap: 'skip', missed: 'once', jitter: 0, retry: 0, timeout: 4 * MINUTE },
    works: [{ seconds: 200, ends: 'well' }],
    happenings: [
      { is: 'trigger' },
      { is: 'pause', on: true },
      { is: 'pause', on: false },
      { is: 'pass', seconds: 120 },
      { is: 'pause', on: true },
      { is: 'enable', on: false },
      { is: 'pass', seconds: 1 },
    ],
  },
  // A resumed schedule waits for a run by hand, a slot passes, and the job is disabled, or has another schedule.
  ...[
    { is: 'enable' as const, on: false },
    { is: 'edit' as const, schedule: 1 },
  ].map(
    (edit): Story => ({
      options: { overlap: 'skip', missed: 'once', jitter: 0, retry: 0, timeout: 4 * MINUTE },
      works: [{ seconds: 200, ends: 'well' }],
      happenings: [
        { is: 'pause', on: true },
        { is: 'trigger' },
        { is: 'pass', seconds: 7 },
        { is: 'pause', on: false },
        { is: 'pass', seconds: 113 },
        edit,
      ],
    }),
  ),
]

/** Checks that each of so many stories leaves every slot with one outcome. */
export function slotModelSuite(runs: number, tier: string): void {
  describe(`the slots of a job (${tier}: ${runs} stories)`, () => {
    it('have one outcome each in the stories that once failed', async () => {
      for (const story of found) await tell(story)
    })

    it('have one outcome each, whatever happens to the job, its clock and its process', async () => {
      const seed = process.env.TIDINGS_SEED === undefined ? {} : { seed: Number(process.env.TIDINGS_SEED) }
      await fc.assert(fc.asyncProperty(story, tell), { numRuns: runs, includeErrorInReport: true, ...seed })
    })
  })
}
