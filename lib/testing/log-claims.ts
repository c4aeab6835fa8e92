import assert from 'node:assert/strict'
import type { Claim, RunRecord } from '../log/claim.ts'
import type { Log } from '../log/port.ts'
import { type LogTests, list, refused } from './log-bench.ts'

const TTL = 10_000
const slot = (n: number): Date => new Date(Date.UTC(2026, 0, 1, 0, n))
const claim = (log: Log, n: number): Promise<Claim | undefined> => log.claim('j', slot(n), TTL)

/** What is remembered of a job's slots: [slot, attempt, outcome]. */
async function remembered(log: Log, options?: Parameters<Log['runs']>[1]): Promise<unknown[]> {
  const runs: RunRecord[] = await list(log.runs('j', options))
  assert.ok(runs.every(({ job }) => job === 'j'))
  return runs.map(({ slot: at, attempt, outcome }) => [at.getUTCMinutes(), attempt, outcome])
}

/** The promises of `claim`. */
export const claimTests: LogTests = {
  'a slot is given to one claimant, who completes it, and then to nobody': async ({ log }) => {
    const claims = await Promise.all(Array.from({ length: 10 }, () => claim(log, 1)))
    const [mine, ...others] = claims.filter((each) => each !== undefined)
    assert.equal(others.length, 0)
    assert.equal(mine?.attempt, 1)
    await mine?.done({ new: 1 })
    assert.equal(await claim(log, 1), undefined)
  },

  'only a slot later than the last completed one is given': async ({ log }) => {
    await (await claim(log, 5))?.done(null)
    assert.equal(await claim(log, 4), undefined)
    assert.equal((await claim(log, 6))?.attempt, 1)
    assert.equal((await log.claim('other job', slot(1), TTL))?.attempt, 1)
  },

  'completing an earlier slot does not give a later one out again': async ({ log }) => {
    const early = await claim(log, 1)
    await (await claim(log, 2))?.done('late')
    await early?.done('early')
    assert.equal(await claim(log, 2), undefined)
    assert.equal((await claim(log, 3))?.attempt, 1)
  },

  'a claim that is not renewed runs out, and the next one counts up': async ({ log, clock }) => {
    const first = await claim(log, 1)
    await clock.advance(TTL - 1)
    assert.equal(await claim(log, 1), undefined)
    assert.equal(await first?.renew(), true)
    await clock.advance(TTL - 1)
    assert.equal(await claim(log, 1), undefined)
    await clock.advance(1)
    const second = await claim(log, 1)
    assert.equal(second?.attempt, 2)
    assert.equal(await first?.renew(), false)
    assert.equal(await second?.renew(), true)
  },

  'what became of each slot and attempt is remembered, in their order, for each job alone': async ({ log }) => {
    const mine = await claim(log, 1)
    await mine?.tried({ failed: 1 })
    assert.deepEqual(await remembered(log), [[1, 1, { failed: 1 }]])
    await mine?.tried({ failed: 2 }, 2)
    await log.note('j', slot(2), 'blocked')
    await log.note('j', slot(2), 'blocked again')
    await (await log.claim('other job', slot(1), TTL))?.done('other')
    await log.note('j\0', slot(1), 'another')
    await mine?.done({ new: 1 }, 3)
    const all = [
      [1, 1, { failed: 1 }],
      [1, 2, { failed: 2 }],
      [1, 3, { new: 1 }],
      [2, 0, 'blocked again'],
    ]
    assert.deepEqual(await remembered(log), all)
    assert.deepEqual(await remembered(log, { reverse: true, limit: 3 }), all.toReversed().slice(0, 3))
    assert.deepEqual(await remembered(log, { limit: 0 }), [])
    assert.equal(await claim(log, 1), undefined)
    assert.deepEqual(await list(log.runs('never')), [])
    for (const limit of [-1, 0.5, Number.NaN]) {
      await assert.rejects(list(log.runs('j', { limit })), refused('TIDINGS_LOG_INVALID'))
    }
  },

  'a slot that was tried and not completed stays claimed, and is given again as the attempt after': async (bench) => {
    const { log, clock } = bench
    const mine = await claim(log, 1)
    await mine?.tried('no')
    await mine?.tried('no', 2)
    assert.equal(await claim(log, 1), undefined)
    await clock.advance(TTL)
    assert.equal((await claim(log, 1))?.attempt, 3)
    assert.equal(await mine?.renew(), false)
  },

  'a slot that is given back is given again at once, as the attempt after those that ended': async ({ log, clock }) => {
    const mine = await claim(log, 1)
    await mine?.tried('no')
    await mine?.release(1)
    await clock.advance(-TTL)
    const again = await claim(log, 1)
    assert.equal(again?.attempt, 2)
    await mine?.release(1)
    assert.equal(await claim(log, 1), undefined, 'who has it no more can not give it back')
    await again?.release(1)
    const third = await claim(log, 1)
    assert.equal(third?.attempt, 2)
    await third?.done('yes')
    await (await claim(log, 2))?.release(0)
    assert.equal((await claim(log, 2))?.attempt, 1)
    assert.deepEqual(await remembered(log), [
      [1, 1, 'no'],
      [1, 2, 'yes'],
    ])
  },

  'the newest hundred are remembered, and not much more': async ({ log }) => {
    for (let n = 0; n < 210; n++) {
      if (n % 10 === 0) await log.note('j', slot(n), n)
      else await (await claim(log, n))?.done(n)
    }
    const runs = await list(log.runs('j', { reverse: true }))
    assert.ok(runs.length >= 100 && runs.length < 200, String(runs.length))
    assert.deepEqual(
      runs.slice(0, 100).map(({ outcome }) => outcome),
      Array.from({ length: 100 }, (_, i) => 209 - i),
    )
  },

  'a claim is refused a time that is none, a name that is none, and an outcome that is not JSON': async ({ log }) => {
    await assert.rejects(log.claim('j', new Date('never'), TTL), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(log.claim('j', '2027-01-01' as never, TTL), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(log.claim('j', slot(1), Number.NaN), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(log.claim('', slot(1), TTL), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(log.note('j', new Date('never'), 1), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(log.note('j', slot(1), 1n), refused('TIDINGS_DATA_INVALID'))
    const mine = await claim(log, 1)
    await assert.rejects(async () => mine?.done(new Date(0)), refused('TIDINGS_DATA_INVALID'))
    await assert.rejects(async () => mine?.tried(new Date(0)), refused('TIDINGS_DATA_INVALID'))
    assert.deepEqual(await remembered(log), [])
    await mine?.done(undefined)
    assert.equal(await claim(log, 1), undefined)
  },
}

/** What of it has to hold after the log was opened again. */
export const lastingClaimTests: LogTests = {
  'a slot that was claimed and never completed is given again after a crash, as the next attempt': async (bench) => {
    assert.equal((await claim(bench.log, 1))?.attempt, 1)
    assert.equal((await claim(await bench.reopen('crash'), 1))?.attempt, 2)
    const third = await claim(await bench.reopen('crash'), 1)
    assert.equal(third?.attempt, 3)
    await third?.done(null)
    const log = await bench.reopen('crash')
    assert.equal(await claim(log, 1), undefined)
    assert.equal((await claim(log, 2))?.attempt, 1)
  },

  'a slot that was given back is not one that somebody died over': async (bench) => {
    await (await claim(bench.log, 1))?.release(0)
    const again = await claim(await bench.reopen('crash'), 1)
    assert.equal(again?.attempt, 1)
    await again?.tried('no')
    await again?.release(1)
    const log = await bench.reopen('crash')
    assert.equal((await claim(log, 1))?.attempt, 2)
    assert.deepEqual(await remembered(log), [[1, 1, 'no']])
  },

  'an attempt that nobody said the end of is remembered without one': async (bench) => {
    await claim(bench.log, 1)
    assert.deepEqual(await remembered(bench.log), [], 'it goes on')
    assert.deepEqual(await remembered(await bench.reopen('crash')), [[1, 1, undefined]])
    await claim(await bench.reopen('crash'), 1)
    const third = await claim(await bench.reopen('crash'), 1)
    await third?.tried('no', 3)
    const log = await bench.reopen('crash')
    const last = await claim(log, 2)
    const lost = [
      [1, 1, undefined],
      [1, 2, undefined],
      [1, 3, 'no'],
    ]
    assert.deepEqual(await remembered(log), lost)
    await last?.done('yes')
    assert.deepEqual(await remembered(await bench.reopen('close')), [...lost, [2, 1, 'yes']])
  },
}
