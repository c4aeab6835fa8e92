// Simulates how work is split over several logs: node --import tsx spec/bench/split.ts
// The same numbers come out each time, on every machine. docs/scale.md shows them.
import { hashShare } from '../../lib/core/hash.ts'
import { quantile } from './measure.ts'

/** Tenants of very different size, whose events go to several logs. */
export interface Split {
  readonly tenants: number
  /** The exponent of Zipf's law: the n-th largest tenant has 1/n^skew of the events of the largest. */
  readonly skew: number
  /** Events a second, of all tenants. */
  readonly rate: number
  /** Events a second that one log takes. */
  readonly capacity: number
  readonly seed: string
}

/** How full logs are when tenants are placed in one way. */
export interface Placed {
  readonly logs: number
  /** How full the fullest log is, as a share of its capacity. */
  readonly fullest: number
  /** The share of all events that belongs to logs above their capacity. */
  readonly tooMuch: number
}

/** The events a second of each tenant, largest first. */
export function ratesOf({ tenants, skew, rate }: Split): readonly number[] {
  const weights = Array.from({ length: tenants }, (_, n) => 1 / (n + 1) ** skew)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => (weight / sum) * rate)
}

/** Places each tenant by a hash of its name, after the largest ones have been placed one by one where there is most room. */
export function place(split: Split, logs: number, byHand: number): Placed {
  const loads = Array.from({ length: logs }, () => 0)
  for (const [tenant, rate] of ratesOf(split).entries()) {
    const log = tenant < byHand ? loads.indexOf(Math.min(...loads)) : logOf(`${split.seed} tenant ${tenant}`, logs)
    loads[log] = (loads[log] as number) + rate
  }
  const tooMuch = loads.filter((load) => load > split.capacity).reduce((sum, load) => sum + load, 0)
  return {
    logs,
    fullest: Math.max(...loads) / split.capacity,
    tooMuch: tooMuch / split.rate,
  }
}

/** The log of a tenant: the one whose hash with it is the highest, so that a further log takes a fair part from each. */
export function logOf(tenant: string, logs: number): number {
  let best = 0
  let highest = -1
  for (let log = 0; log < logs; log++) {
    const share = hashShare(`${tenant} in log ${log}`)
    if (share > highest) [best, highest] = [log, share]
  }
  return best
}

/** Agents on several machines, which all run the listeners of several logs, while some of them die. */
export interface Storm {
  readonly logs: number
  readonly listeners: number
  readonly agents: number
  /** Events a second of each log. */
  readonly rate: number
  /** Deliveries a second that one agent makes. */
  readonly capacity: number
  /** How long a dead agent keeps what it had, in seconds. */
  readonly lease: number
  /** How many agents die at once, in which second. */
  readonly deaths: readonly { readonly second: number; readonly agents: number }[]
  /** How many seconds pass, and after how many a dead agent is back. */
  readonly seconds: number
  readonly back: number
  /** Who takes what is free: the first that asks, or the one that has least. */
  readonly spread: 'first' | 'even'
  readonly seed: string
}

/** What becomes of the listeners. */
export interface Weathered {
  /** How many were moved to another agent. */
  readonly moved: number
  /** The most that one agent had, and their number divided by that of all agents. */
  readonly most: number
  readonly fair: number
  /** The longest time that an event waited for its delivery, in seconds, and how long half of the listeners had to wait at most. */
  readonly longest: number
  readonly median: number
  /** When the last listener had caught up after the last death, in seconds; undefined: not to the end. */
  readonly calm: number | undefined
}

interface Held {
  agent: number | undefined
  /** When it is free, if its agent is dead. */
  free: number
  waiting: number
  longest: number
}

/** Second by second: events come to each listener, and each agent delivers what it can, in equal parts to what waits. */
export function weather(storm: Storm): Weathered {
  const { logs, listeners, agents, rate, capacity, lease, seconds, back } = storm
  const backAt = Array.from({ length: agents }, () => 0)
  const alive = (second: number): number[] => backAt.flatMap((at, agent) => (at <= Math.max(0, second) ? [agent] : []))
  const pick = (from: readonly number[], what: string): number =>
    from[Math.floor(hashShare(`${storm.seed} ${what}`) * from.length)] as number
  const all: Held[] = Array.from({ length: logs * listeners }, () => ({
    agent: undefined,
    free: 0,
    waiting: 0,
    longest: 0,
  }))
  const taker = (second: number, n: number): number => {
    if (storm.spread === 'first') return pick(alive(second), `taken ${second} ${n}`)
    const has = (agent: number): number => all.filter((each) => each.agent === agent).length
    return alive(second).reduce((least, agent) => (has(agent) < has(least) ? agent : least))
  }
  for (const [n, each] of all.entries()) each.agent = taker(-1, n)
  let [moved, most, calm] = [0, 0, 0]
  for (let second = 0; second < seconds; second++) {
    for (let n = storm.deaths.find((death) => death.second === second)?.agents ?? 0; n > 0; n--) {
      const dead = pick(alive(second), `death ${second} ${n}`)
      backAt[dead] = second + back
      for (const each of all) if (each.agent === dead) [each.agent, each.free] = [undefined, second + lease]
    }
    for (const [n, each] of all.entries()) {
      each.waiting += rate
      if (each.agent !== undefined || each.free > second) continue
      each.agent = taker(second, n)
      moved += 1
    }
    for (const agent of alive(second)) {
      const own = all.filter((each) => each.agent === agent)
      most = Math.max(most, own.length)
      deliver(own, capacity)
    }
    for (const each of all) each.longest = Math.max(each.longest, each.waiting / rate)
    if (all.some(({ waiting }) => waiting > rate)) calm = second + 1
  }
  const waits = all.map(({ longest }) => longest)
  const last = storm.deaths.at(-1)?.second ?? 0
  return {
    moved,
    most,
    fair: (logs * listeners) / agents,
    longest: Math.max(...waits),
    median: quantile(waits, 0.5),
    calm: calm >= seconds ? undefined : Math.max(0, calm - last),
  }
}

/** Delivers so many events: those with the fewest first, so that what they do not need is left to the others. */
function deliver(own: readonly Held[], capacity: number): void {
  let left = capacity
  for (const [n, each] of own.toSorted((a, b) => a.waiting - b.waiting).entries()) {
    const delivered = Math.min(each.waiting, left / (own.length - n))
    each.waiting -= delivered
    left -= delivered
  }
}

/** How full logs get for one kind of split, as the rows of a table. */
export function splitRows(): string[] {
  const header = [
    '| events/s | of the largest tenant | logs | fullest log | events in logs that are too full | fullest, the 20 largest placed by hand |',
    '|---|---|---|---|---|---|',
  ]
  const rows = [20_000, 200_000].flatMap((rate) => {
    const split: Split = { tenants: 5000, skew: 1.1, rate, capacity: 15_000, seed: 'split' }
    const least = Math.ceil(rate / split.capacity)
    return [least, least * 2, least * 4].map((logs) => {
      const [hashed, handed] = [place(split, logs, 0), place(split, logs, 20)]
      const cells = [
        rate,
        Math.round(ratesOf(split)[0] as number),
        logs,
        percent(hashed.fullest),
        percent(hashed.tooMuch),
        percent(handed.fullest),
      ]
      return `| ${cells.join(' | ')} |`
    })
  })
  return [...header, ...rows]
}

/** What deaths do to listeners, as the rows of a table. */
export function stormRows(): string[] {
  const header = [
    '| agents | die at once | busy before | taken by | listeners moved | most on one agent, of its fair share | longest wait | half wait at most | calm after |',
    '|---|---|---|---|---|---|---|---|---|',
  ]
  const storm: Omit<Storm, 'agents' | 'capacity' | 'deaths' | 'spread'> = {
    logs: 4,
    listeners: 12,
    rate: 500,
    lease: 10,
    seconds: 600,
    back: 60,
    seed: 'storm',
  }
  const rows = [
    { agents: 4, dying: 1, busy: 0.5 },
    { agents: 4, dying: 1, busy: 0.8 },
    { agents: 16, dying: 1, busy: 0.5 },
    { agents: 16, dying: 8, busy: 0.5 },
  ]
  const spreads = [
    { spread: 'first', words: 'the first that asks' },
    { spread: 'even', words: 'who has least' },
  ] as const
  const all = rows.flatMap((row) => spreads.map((spread) => ({ ...row, ...spread })))
  const lines = all.map(({ agents, dying, busy, spread, words }) => {
    const capacity = (storm.logs * storm.listeners * storm.rate) / agents / busy
    const found = weather({ ...storm, agents, capacity, spread, deaths: [{ second: 60, agents: dying }] })
    const cells = [
      agents,
      dying,
      percent(busy),
      words,
      found.moved,
      `${(found.most / found.fair).toFixed(1)} ×`,
      `${found.longest.toFixed(0)} s`,
      `${found.median.toFixed(0)} s`,
      found.calm === undefined ? 'never' : `${found.calm} s`,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [...header, ...lines]
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`

if (process.argv[1] === import.meta.filename) console.log([...splitRows(), '', ...stormRows()].join('\n'))
