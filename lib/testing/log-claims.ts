import assert from 'node:assert/strict'
import type { Claim, Log } from '../log/port.ts'
import { type LogTests, refused } from './log-bench.ts'

const TTL = 10_000
const slot = (n: number): Date => new Date(Date.UTC(2026, 0, 1, 0, n))
const claim = (log: Log, n: number): Promise<Claim | undefined> => log.claim('j', slot(n), TTL)

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

  'a claim is refused a time that is none, a name that is none, and an outcome that is not JSON': async ({ log }) => {
    await assert.rejects(log.claim('j', new Date('never'), TTL), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(log.claim('j', slot(1), Number.NaN), refused('TIDINGS_LOG_INVALID'))
    await assert.rejects(log.claim('', slot(1), TTL), refused('TIDINGS_LOG_INVALID'))
    const mine = await claim(log, 1)
    await assert.rejects(async () => mine?.done(new Date(0)), refused('TIDINGS_DATA_INVALID'))
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
}
