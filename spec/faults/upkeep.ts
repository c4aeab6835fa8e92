import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { restoreLog } from '../../lib/level/restore-log.ts'
import { compiled } from './compiled.ts'
import { type Place, place } from './place.ts'
import { killAfter, run } from './process.ts'
import type { Work } from './programs/orders.ts'
import { type Result, shown } from './results.ts'

/** Number of deaths of one log, before the next log begins. */
const LIVES = 25

/** Maximum time before the process is killed, in ms. */
const MOST = 400

/** Kills a process `rounds` times during each kind of work; the log is then examined from outside. */
export function upkeepSuite(
  row: 'upkeep' | 'copies',
  works: readonly Work[],
  rounds: number,
  tier: Result['tier'],
): void {
  const program = compiled()
  describe(`a process killed ${rounds} times each while it does: ${works.join(', ')}`, () => {
    it('leaves a sound log: its receipts hold, and only handled events are pruned', async (t) => {
      const path = await program(import.meta.resolve('./programs/upkept.ts'))
      const sums = { told: 0, pruned: 0, whole: 0, left: 0 }
      for (const counts of await Promise.all(works.map((work) => killed(t, path, work, rounds)))) {
        for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += counts[key]
      }
      const copies = `${sums.whole} backups and restored logs are whole, ${sums.left} unfinished ones were cleared away`
      const kept = `${sums.pruned} bodies pruned, each handled before`
      const result = `${sums.told} answers hold, each identity is refused; the log verified after each death; ${row === 'copies' ? copies : kept}`
      t.diagnostic(result)
      // Literal names, so that the table finds them.
      if (row === 'upkeep') shown({ row: 'upkeep', tier, rounds: `${rounds} deaths × ${works.length}`, result })
      else shown({ row: 'copies', tier, rounds: `${rounds} deaths × ${works.length}`, result })
    })
  })
}

interface Counts {
  told: number
  pruned: number
  whole: number
  left: number
}

async function killed(t: TestContext, path: string, work: Work, rounds: number): Promise<Counts> {
  const counts = { told: 0, pruned: 0, whole: 0, left: 0 }
  for (let first = 0; first < rounds; first += LIVES) {
    const where = place(t)
    const { directory, diary } = where
    let pruned = 0
    for (let life = 0; life < Math.min(LIVES, rounds - first); life++) {
      const mortal = run(path, { directory, diary, life, work })
      await mortal.open
      await sleep(Math.random() * MOST)
      const { signal, stderr } = await killAfter(mortal, 0)
      assert.equal(signal, 'SIGKILL', stderr)
      pruned = await look(where)
      await lookAtCopies(where, counts)
    }
    counts.told += where.lines('told').length
    counts.pruned += pruned
  }
  return counts
}

// Examines a copy of what the process left behind. Returns the number of pruned bodies.
async function look(where: Place): Promise<number> {
  const copy = `${where.directory}-copy`
  await cp(where.directory, copy, { recursive: true })
  const log = await openLog(copy, { warn: () => undefined })
  try {
    assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    const { first } = (await log.stats()).events
    const heard = (await log.store('steady').get<number>('heard'))?.value ?? 0
    assert(heard >= first - 1, `the log begins at ${first}, and the listener has heard up to ${heard}`)
    await assertKnown(log, where, Number.POSITIVE_INFINITY)
    return first - 1
  } finally {
    await log.close()
    await rm(copy, { recursive: true })
  }
}

/** Every acknowledged event up to a seq is a duplicate the second time, with the same seq. */
async function assertKnown(log: LevelLog, where: Place, upTo: number): Promise<void> {
  const told = new Map<string, number>()
  for (const line of where.lines('told')) {
    const [identifier, , seq] = line.split(' ') as [string, string, string]
    if (Number(seq) <= upTo) told.set(identifier, Number(seq))
  }
  const receipts = await log.accept([...told.keys()].map((identifier) => ({ type: 'made', identifier, data: null })))
  assert.deepEqual(
    receipts,
    Array.from(told.values(), (seq) => ({ status: 'duplicate', seq })),
  )
}

// A copy with its final name is whole; the next try clears away unfinished ones.
async function lookAtCopies(where: Place, counts: Pick<Counts, 'whole' | 'left'>): Promise<void> {
  const { directory } = where
  const checked = `${directory}-checked`
  for (const name of readdirSync(dirname(directory)).filter((each) => /-(backup|restored)-/.test(each))) {
    const path = join(dirname(directory), name)
    const target = path.replace('.partial', '')
    if (path !== target) {
      assert(!existsSync(target))
      await restoreLog(`${directory}-source`, target)
      assert(!existsSync(path))
      counts.left += 1
    } else {
      const { last } = await restoreLog(path, checked)
      const log = await openLog(checked)
      if (name.includes('backup')) await assertKnown(log, where, last)
      await log.close()
      await rm(checked, { recursive: true })
      counts.whole += 1
    }
    await rm(target, { recursive: true })
  }
}
