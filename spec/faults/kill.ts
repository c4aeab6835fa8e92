import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { compiled } from './compiled.ts'
import { deaths } from './lethal-source.ts'
import { killAfter, run } from './process.ts'
import { shown } from './results.ts'
import { Witness } from './witness.ts'

/** Number of deaths of one log, before the next log begins. */
const LIVES = 25

/** Maximum size of the diary of a life before it is killed, in bytes, so that the fast tier takes less than 20 s. */
const MOST = { fast: 6_000, slow: 15_000 }

/** How long to wait for a point, in ms: one that is not reached by then never will be. */
const PATIENCE = 120_000

const names = ['steady', 'slow', 'failing']

/** Kills an agent `rounds` times. */
export function killSuite(rounds: number, tier: 'fast' | 'slow'): void {
  const program = compiled()
  describe(`an agent killed ${rounds} times, at any moment and around every write and read`, () => {
    it('loses nothing, stores nothing twice, and delivers again only events after the last durable cursor', async (t) => {
      const path = await program(import.meta.resolve('./programs/killed.ts'))
      const sums = { deaths: 0, points: 0, told: 0, events: 0, again: 0 }
      for (let first = 0; first < rounds; first += LIVES) {
        const { witness, points } = await killed(t, path, {
          first,
          lives: Math.min(LIVES, rounds - first),
          most: MOST[tier],
        })
        sums.points += points
        for (const key of ['told', 'events', 'again'] as const) sums[key] += witness.counts[key]
      }
      assert.ok(sums.events > 5 * rounds, `only ${sums.events} events were published`)
      const result = `${sums.told} answers, ${sums.events} events × 3 listeners: 0 lost, 0 stored twice, no gap; ${sums.again} handled again`
      t.diagnostic(`${result}; ${sums.points} deaths at named points`)
      shown({ row: 'kill', tier, rounds: `${rounds} deaths, ${sums.points} of them at named points`, result })
    })
  })
}

async function killed(
  t: TestContext,
  path: string,
  { first, lives, most }: { readonly first: number; readonly lives: number; readonly most: number },
): Promise<{ witness: Witness; points: number }> {
  const folder = temporaryDirectory(t)
  const directory = join(folder, 'log')
  const diary = join(folder, 'diary')
  writeFileSync(diary, '')
  const witness = new Witness(directory, diary, names)
  let points = 0
  for (let life = 0; life < lives; life++) {
    if (life % 2 === 0) await atAnyMoment()
    else await atPoint()
    await witness.look()

    async function atAnyMoment(): Promise<void> {
      const mortal = run(path, { directory, diary, life })
      await mortal.open
      // Its speed depends on the machine, so the moment is a size of its diary.
      const size = statSync(diary).size + Math.random() * most
      while (statSync(diary).size < size && mortal.child.exitCode === null) await sleep(Math.random() * 4)
      const { signal, stderr } = await killAfter(mortal, 0)
      assert.equal(signal, 'SIGKILL', stderr)
    }

    // Every point in turn: first at its first occurrence, later anywhere.
    async function atPoint(): Promise<void> {
      const turn = (first + life - 1) / 2
      const point = deaths[Math.floor(turn) % deaths.length] as (typeof deaths)[number]
      const nth = turn < deaths.length ? 1 : 1 + Math.floor(Math.random() * 40)
      const mortal = run(path, { directory, diary, life, death: { ...point, nth } })
      const { signal, byItself, stderr } = await killAfter(mortal, PATIENCE)
      assert.equal(signal, 'SIGKILL', stderr)
      assert.ok(byItself, `${point.when} ${point.point} ${nth} was never reached`)
      points += 1
    }
  }
  const { code, stderr } = await run(path, { directory, diary, life: lives, last: true }).ended
  assert.equal(code, 0, stderr)
  await witness.look(true)
  return { witness, points }
}
