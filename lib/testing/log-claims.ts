import assert from 'node:assert/strict'
import type { Claim, RunRecord } from '../log/claim.ts'
import type { Log } from '../log/port.ts'
import { type LogTests, list, refused } from './log-bench.ts'

const TTL = 10_000
const slot = (n: number): Date => new Date(Date.UTC(2026, 0, 1, 0, n))
const claim = (log: Log, n: number): Promise<Claim | undefined> => log.claim('j', slot(n), TTL)

/** Returns the recorded runs of a job: [slot, attempt, outcome]. */
async function remembered(log: Log, options?: Parameters<Log['runs']>[1]): Promise<unknown[]> {
  const runs: RunRecord[] = await list(log.runs('j', options))
  assert.ok(runs.every(({ job }) => job === 'j'))
  return runs.map(({ slot: at, attempt, outcome }) => [at.getUTCMinutes(), attempt, outcome])
}

/** Returns the open slots of a job: [slot, attempts]. */
async function openSlots(log: Log): Promise<unknown[]> {
  return (await log.slots('j')).open.map(({ slot: at, attempts }) => [at.getUTCMinutes(), attempts])
}

/** The guarantees of `claim`. */
export const claimTests: LogTests = {
  'grants a slot to one claimant; once completed, to no other': async ({ log }) => {
    const claims = await Promise.all(Array.from({ length: 10 }, () => claim(log, 1)))
    const [mine, ...others] = claims.filter((each) => each !== undefined)
    assert.equal(others.length, 0)
    assert.equal(mine?.attempt, 1)
    await mine?.done({ new: 1 })
    assert.equal(await claim(log, 1), undefined)
  },

  'grants only slots later than the last completed one': async ({ log }) => {
    await (await claim(log, 5))?.done(null)
    assert.equal(await claim(log, 4), undefined)
    assert.equal((await claim(log, 6))?.attempt, 1)
    assert.equal((await log.claim('other job', slot(1), TTL))?.attempt, 1)
  },

  'does not grant a later slot again after an earlier one completes': async ({ log }) => {
    const early = await claim(log, 1)
    await (await claim(log, 2))?.done('late')
    await early?.done('early')
    assert.equal(await claim(log, 2), undefined)
    assert.equal((await claim(log, 3))?.attempt, 1)
  },

  'keeps an open slot open when a later one completes': async ({ log }) => {
    const early = await claim(log, 1)
    await (await claim(log, 2))?.release(0)
    await (await claim(log, 3))?.done('three')
    assert.deepEqual(await openSlots(log), [
      [1, 1],
      [2, 0],
    ])
    assert.equal((await log.slots('j')).upTo?.getTime(), slot(3).getTime())
    await early?.tried('no')
    await early?.release(1)
    const again = await claim(log, 1)
    assert.equal(again?.attempt, 2)
    await again?.done('one')
    const second = await claim(log, 2)
    assert.equal(second?.attempt, 1)
    await second?.done('two')
    assert.deepEqual(await openSlots(log), [])
    for (const n of [1, 2, 3]) assert.equal(await claim(log, n), undefined)
    assert.deepEqual(await remembered(log), [
      [1, 1, 'no'],
      [1, 2, 'one'],
      [2, 1, 'two'],
      [3, 1, 'three'],
    ])
  },

  'opens slots, settles others and notes their outcomes in one plan': async ({ log }) => {
    const noted = [{ slot: slot(1), outcome: 'missed' }]
    await log.plan('j', { upTo: slot(4), open: [{ slot: slot(2) }, { slot: slot(4), attempts: 2, at: 7 }], noted })
    assert.deepEqual(await openSlots(log), [
      [2, 0],
      [4, 2],
    ])
    assert.equal((await log.slots('j')).open[1]?.at, 7)
    assert.deepEqual(await remembered(log), [[1, 0, 'missed']])
    for (const n of [1, 3]) assert.equal(await claim(log, n), undefined)
    const second = await claim(log, 2)
    await log.plan('j', { settled: [slot(2), slot(4)] })
    assert.deepEqual(await openSlots(log), [[2, 1]], 'a claimed slot stays open')
    await log.plan('j', { upTo: slot(3), open: [{ slot: slot(1) }, { slot: slot(4) }] })
    assert.deepEqual(await openSlots(log), [[2, 1]], 'what is settled stays so')
    assert.equal((await log.slots('j')).upTo?.getTime(), slot(4).getTime())
    await second?.done('two')
    assert.equal((await claim(log, 5))?.attempt, 1)
    assert.deepEqual(await log.slots('never'), { open: [] })
    await assert.rejects(log.plan('j', { upTo: new Date('never') }), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(
      log.plan('j', { upTo: slot(9), noted: [{ slot: slot(9), outcome: 1n }] }),
      refused('TIDINGS_DATA_INVALID'),
    )
    assert.equal((await log.slots('j')).upTo?.getTime(), slot(4).getTime())
  },

  'grants later slots again to a job that was moved back, except those it ran for': async ({ log }) => {
    await (await claim(log, 5))?.done('five')
    await log.plan('j', { upTo: slot(2), back: true })
    assert.equal(await claim(log, 2), undefined)
    assert.equal(await claim(log, 5), undefined)
    assert.equal((await claim(log, 3))?.attempt, 1)
    assert.equal((await claim(log, 6))?.attempt, 1)
  },

  'grants a slot beside the schedule to one claimant, and settles no other by it': async ({ log }) => {
    const aside = (n: number) => log.claim('j', slot(n), TTL, { aside: true })
    const mine = await aside(5)
    assert.equal(mine?.attempt, 1)
    assert.equal(await aside(5), undefined)
    assert.deepEqual(await openSlots(log), [])
    await mine?.done('asked')
    assert.equal(await aside(5), undefined, 'the log remembers it')
    await (await claim(log, 3))?.done('three')
    const early = await aside(1)
    await early?.tried('no')
    await early?.release(1)
    assert.deepEqual(await log.slots('j'), { upTo: slot(3), open: [] })
    assert.deepEqual(await remembered(log), [
      [1, 1, 'no'],
      [3, 1, 'three'],
      [5, 1, 'asked'],
    ])
  },

  'keeps the due time of a slot that is claimed and given back before its next attempt': async ({ log }) => {
    const mine = await claim(log, 1)
    await mine?.tried('no', 1, 99)
    await mine?.release(1)
    await (await claim(log, 1))?.release(1)
    const [open] = (await log.slots('j')).open
    assert.deepEqual([open?.attempts, open?.ended, open?.at], [1, true, 99])
    const second = await claim(log, 1)
    await second?.tried('no', 2)
    await second?.release(2)
    assert.equal((await log.slots('j')).open[0]?.at, undefined)
  },

  'completes a slot with an accept if the drafts are stored, and not if they are rejected': async (bench) => {
    const { log } = bench
    const mine = (await claim(log, 1)) as Claim
    const completes = { claim: mine, attempt: 1, outcome: 'done' }
    await assert.rejects(
      log.accept([{ type: 't', identifier: '', data: 0 }], { completes }),
      refused('TIDINGS_IDENTIFIER_INVALID'),
    )
    assert.deepEqual(await openSlots(log), [[1, 1]])
    await log.accept([{ type: 't', identifier: '1', data: 0 }], { completes })
    assert.deepEqual(await openSlots(log), [])
    assert.equal(await claim(log, 1), undefined)
    assert.deepEqual(await remembered(log), [[1, 1, 'done']])
    await mine.done('done well')
    assert.deepEqual(await remembered(log), [[1, 1, 'done well']])
  },

  'forgets the slots of a job': async ({ log }) => {
    await (await claim(log, 5))?.done(null)
    await claim(log, 6)
    assert.equal(await log.forgetSlots('j'), true)
    assert.equal(await log.forgetSlots('j'), false)
    assert.deepEqual(await remembered(log), [])
    assert.equal((await claim(log, 1))?.attempt, 1)
  },

  'lets a claim expire that is not renewed, and counts the next attempt': async ({ log, clock }) => {
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

  'remembers the outcome of each slot and attempt, in order, for each job alone': async ({ log }) => {
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

  'keeps a slot claimed that was tried and not completed, and grants it again as the next attempt': async (bench) => {
    const { log, clock } = bench
    const mine = await claim(log, 1)
    await mine?.tried('no')
    await mine?.tried('no', 2)
    assert.equal(await claim(log, 1), undefined)
    await clock.advance(TTL)
    assert.equal((await claim(log, 1))?.attempt, 3)
    assert.equal(await mine?.renew(), false)
  },

  'grants a slot that was given back at once, as the attempt after those that ended': async ({ log, clock }) => {
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

  'remembers the newest hundred runs, and not many more': async ({ log }) => {
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

  'rejects a claim with an invalid time, an invalid name, or an outcome that is not JSON': async ({ log }) => {
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

/** The guarantees that hold after a reopen. */
export const lastingClaimTests: LogTests = {
  'grants a slot that was claimed and never completed again after a crash, as the next attempt': async (bench) => {
    assert.equal((await claim(bench.log, 1))?.attempt, 1)
    assert.equal((await claim(await bench.reopen('crash'), 1))?.attempt, 2)
    const third = await claim(await bench.reopen('crash'), 1)
    assert.equal(third?.attempt, 3)
    await third?.done(null)
    const log = await bench.reopen('crash')
    assert.equal(await claim(log, 1), undefined)
    assert.equal((await claim(log, 2))?.attempt, 1)
  },

  'grants each slot that was open at a crash again, however many later ones completed': async (bench) => {
    await claim(bench.log, 1)
    await bench.log.plan('j', { upTo: slot(4), open: [{ slot: slot(2) }, { slot: slot(4) }] })
    const fourth = await claim(bench.log, 4)
    await fourth?.tried('no', 1, 99)
    await (await claim(bench.log, 5))?.done('five')
    const log = await bench.reopen('crash')
    const { upTo, open } = await log.slots('j')
    assert.equal(upTo?.getTime(), slot(5).getTime())
    assert.deepEqual(
      open.map(({ slot: at, attempts, ended, held, at: due }) => [at.getUTCMinutes(), attempts, ended, held, due]),
      [
        [1, 1, false, false, undefined],
        [2, 0, true, false, undefined],
        [4, 1, true, false, 99],
      ],
    )
    assert.equal((await claim(log, 1))?.attempt, 2)
    assert.equal((await claim(log, 2))?.attempt, 1)
    assert.equal((await claim(log, 4))?.attempt, 2)
    assert.equal(await claim(log, 3), undefined)
  },

  'keeps the attempts of a slot that was settled while its process was dead': async (bench) => {
    await claim(bench.log, 1)
    await bench.log.claim('j', slot(7), TTL, { aside: true })
    const log = await bench.reopen('crash')
    await log.plan('j', { upTo: slot(3), settled: [slot(1)] })
    assert.deepEqual(await remembered(log), [
      [1, 1, undefined],
      [7, 1, undefined],
    ])
    assert.equal(await claim(log, 1), undefined)
  },

  'does not count a slot that was given back as a crash': async (bench) => {
    await (await claim(bench.log, 1))?.release(0)
    const again = await claim(await bench.reopen('crash'), 1)
    assert.equal(again?.attempt, 1)
    await again?.tried('no')
    await again?.release(1)
    const log = await bench.reopen('crash')
    assert.equal((await claim(log, 1))?.attempt, 2)
    assert.deepEqual(await remembered(log), [[1, 1, 'no']])
  },

  'remembers an attempt without an outcome if none was reported': async (bench) => {
    await claim(bench.log, 1)
    assert.deepEqual(await remembered(bench.log), [], 'it is still running')
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
