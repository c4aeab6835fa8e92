import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Member, surprisesOf } from '../../../lib/agent/peers/surprises.ts'

const time = '2026-03-01T12:00:00.000Z'

function member(
  pid: number,
  jobs: Readonly<Record<string, string>>,
  { listeners = ['hear'], host = `host-${pid}`, skew = 0, agent = 'home' } = {},
): Member {
  const row = { id: `${pid}`, agent, host, pid, since: time, seen: time, jobs: [], listeners: [], skew }
  return { row, program: { jobs, listeners } }
}

describe('what differs between the agents on a log', () => {
  const poll = { poll: 'every 10 minutes' }

  it('is nothing where they are the same, and where there is one', () => {
    assert.deepEqual(surprisesOf([member(1, poll), member(2, poll)]), [])
    assert.deepEqual(surprisesOf([member(1, poll, { skew: 1999 })]), [])
    assert.deepEqual(surprisesOf([]), [])
  })

  it('is a job or a listener that some do not know', () => {
    const found = surprisesOf([
      member(1, { ...poll, look: 'every hour' }),
      member(2, poll, { listeners: ['hear', 'mail'] }),
      member(3, poll),
    ])
    assert.deepEqual(found, [
      'job "look" is known to home on host-1 (pid 1), and not to home on host-2 (pid 2), home on host-3 (pid 3)',
      'listener "mail" is known to home on host-2 (pid 2), and not to home on host-1 (pid 1), home on host-3 (pid 3)',
    ])
  })

  it('is the schedule of a job', () => {
    assert.deepEqual(surprisesOf([member(1, poll), member(2, { poll: 'every hour' }), member(3, poll)]), [
      'job "poll" has different schedules: every 10 minutes on home on host-1 (pid 1), home on host-3 (pid 3); every hour on home on host-2 (pid 2)',
    ])
  })

  it('is a clock that differs from that of the server', () => {
    assert.deepEqual(surprisesOf([member(1, poll, { skew: 62_400 }), member(2, poll, { skew: -2000 })]), [
      'the clock of home on host-1 (pid 1) is 1m2s ahead of that of the server',
      'the clock of home on host-2 (pid 2) is 2s behind that of the server',
    ])
  })

  it('is an agent that runs twice on one machine', () => {
    const found = surprisesOf([
      member(1, poll, { host: 'one' }),
      member(2, poll, { host: 'one' }),
      member(3, poll, { host: 'one', agent: 'other' }),
    ])
    assert.deepEqual(found, ['agent "home" runs 2 times on one: pid 1, 2'])
  })
})
