import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { random } from '../support/random.ts'
import type { Tally } from './chaos-check.ts'
import { Round, type RoundParts } from './chaos-round.ts'
import { type Cluster, startCluster, startStandby, waitForStandby } from './cluster.ts'

/** How long an agent is frozen, in ms. */
export type Freeze = 6000 | 30_000

/** The faults, by their names. */
const FAULTS: Readonly<Record<string, (round: Round, freeze: Freeze) => Promise<void>>> = {
  'is killed': (round) => round.kill(),
  'is frozen': (round, freeze) => round.freeze(freeze),
  'is cut off, and what it sent arrives later': (round) => round.cut(2000 + round.random(2000)),
  'connects again, and what it sent before arrives later': async (round) => {
    for (let i = 0; i < 3; i++) await round.deliverLate(300 + round.random(1000))
  },
  'loses its connections, as all do': async (round) => {
    for (let i = 0; i < 3; i++) {
      await round.terminate()
      await sleep(round.random(400))
    }
  },
  'sees the server start again': (round) => round.cluster.restart(),
}

/** One round with a seed. */
async function round(
  t: TestContext,
  cluster: Cluster,
  seed: number,
  fault: (round: Round) => Promise<void>,
  how: Partial<RoundParts> = {},
): Promise<Tally> {
  made += 1
  const numbers = random(seed)
  const usual = { agents: 2 + numbers(2), runs: 600, publishes: true }
  const parts = { ...usual, ...how, cluster, schema: `chaos_${made}`, random: numbers }
  return new Round(t, parts).run(fault).catch((cause: unknown) => {
    throw new Error(`seed ${seed} (TIDINGS_SEED): ${String(cause)}`, { cause })
  })
}

let made = 0

function firstSeed(t: TestContext): number {
  const first = Number(process.env['TIDINGS_SEED'] ?? Date.now() % 1_000_000)
  t.diagnostic(`seeds from ${first} (TIDINGS_SEED)`)
  return first
}

function report(t: TestContext, tallies: readonly Tally[]): void {
  const sum = (of: keyof Tally): number => tallies.reduce((all, tally) => all + tally[of], 0)
  const most = (of: keyof Tally): number => Math.max(...tallies.map((tally) => tally[of]))
  t.diagnostic(
    `${sum('events')} events, ${sum('answers')} answers, ${sum('starts')} starts, ${sum('runs')} runs, ` +
      `${sum('again')} again; at most ${most('silence')} ms without an answer, ${most('idle')} ms without a start`,
  )
  assert.ok(sum('runs') > 0)
}

/** Each fault once, in any order, while the same agents work. */
export function chaosOnce(): void {
  describe('agents that share a log, when one of them dies, freezes, is cut off …', () => {
    let cluster: Cluster
    before(async () => (cluster = await startCluster()))
    after(() => cluster.remove())

    it('lose nothing, tell nothing twice, keep the order and run no slot twice', async (t) => {
      const tally = await round(t, cluster, firstSeed(t), async (round) => {
        const left = Object.values(FAULTS)
        while (left.length > 0) {
          const [fault] = left.splice(round.random(left.length), 1)
          await fault?.(round, 6000)
        }
      })
      report(t, [tally])
    })
  })
}

/** Many rounds, each with one fault. */
export function chaosSuite(rounds: number, freeze: Freeze): void {
  describe('agents that share a log, when one of them', () => {
    let cluster: Cluster
    before(async () => (cluster = await startCluster()))
    after(() => cluster.remove())

    for (const [name, fault] of Object.entries(FAULTS)) {
      it(`${name}: nothing is lost, told twice, out of order or run twice, in ${rounds} rounds`, async (t) => {
        const tallies: Tally[] = []
        const first = firstSeed(t)
        for (let seed = first; seed < first + rounds; seed++)
          tallies.push(await round(t, cluster, seed, (round) => fault(round, freeze)))
        report(t, tallies)
      })
    }
  })
}

/** A job whose runs take longer than the time between two slots, and whose agent is killed three times in `ms`. */
export function longRuns(ms: number): void {
  describe('a job of 1.7 s each second, with a counter in its state', () => {
    let cluster: Cluster
    before(async () => (cluster = await startCluster()))
    after(() => cluster.remove())

    it(`runs once at a time and counts every run, when its agent is killed three times in ${ms / 1000} s`, async (t) => {
      const kill = async (round: Round): Promise<void> => {
        for (let death = 0; death < 3; death++) {
          const next = performance.now() + ms / 3
          await round.kill()
          await round.work()
          await sleep(Math.max(next - performance.now(), 0))
        }
      }
      report(t, [await round(t, cluster, firstSeed(t), kill, { agents: 2, runs: 1700, publishes: false })])
    })
  })
}

/** The primary is killed under load, and its synchronous standby takes over. */
export function failOvers(rounds: number): void {
  describe('agents that share a log, when its server dies', () => {
    it(`lose nothing that was acknowledged, told or stored before the standby took over, in ${rounds} rounds`, async (t) => {
      const tallies: Tally[] = []
      const first = firstSeed(t)
      for (let seed = first; seed < first + rounds; seed++) {
        const servers: Cluster[] = []
        try {
          const cluster = await startCluster()
          servers.push(cluster)
          const standby = await startStandby(cluster)
          servers.push(standby)
          await waitForStandby(cluster)
          tallies.push(await round(t, cluster, seed, (round) => round.failOver(), { standby }))
        } finally {
          for (const server of servers) await server.remove()
        }
      }
      report(t, tallies)
    })
  })
}
