import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { toQuery } from '../../../lib/agent/operations/event-search.ts'
import type { Clock } from '../../../lib/core/clock.ts'

const now = Date.parse('2026-11-22T12:00:00Z')
const clock: Clock = { now: () => now, timer: () => () => undefined }

describe('toQuery', () => {
  it('reads a time ago, a date with a time, and a day from its beginning to its end', () => {
    assert.deepEqual(toQuery({ since: '2h', until: '1m30s' }, clock), { since: now - 7_200_000, until: now - 90_000 })
    assert.deepEqual(toQuery({ since: '2026-11-22T11:00:00Z' }, clock), { since: now - 3_600_000 })
    const day = toQuery({ since: '2026-11-22', until: '2026-11-22' }, clock)
    assert.equal(Number(day.until) - Number(day.since), 86_400_000 - 1)
    assert.equal(day.since, new Date(2026, 10, 22).getTime())
    assert.deepEqual(toQuery({ until: '0s' }, clock), { until: now })
  })

  it('rejects an invalid time, naming the part', () => {
    for (const text of ['', '5', '-2h', '2026-13-45', '2026-02-30', '2026-', 'Infinity', 'tomorrow']) {
      for (const part of ['since', 'until']) {
        const wrong = {
          code: 'TIDINGS_LOG_INVALID',
          details: { path: part },
          message: new RegExp(`^"${part}" must be a date`),
        }
        assert.throws(() => toQuery({ [part]: text }, clock), wrong, `${part} ${text}`)
      }
    }
  })

  it('passes on what the log understands, and turns the identifier into a test', () => {
    const { where, ...rest } = toQuery({ types: ['a.*'], limit: 3, reverse: true, identifier: 'x' }, clock)
    assert.deepEqual(rest, { types: ['a.*'], limit: 3, reverse: true })
    const event = { type: 'a.b', data: 1, seq: 1, created: 1 }
    assert.equal(where?.({ ...event, identifier: 'x' }), true)
    assert.equal(where?.({ ...event, identifier: 'xx' }), false)
  })

  it('turns an expression into a test, beside the identifier', () => {
    const event = { type: 'a', identifier: 'x', data: { n: 2 }, seq: 1, created: 1 }
    assert.equal(toQuery({ where: 'data.n > 1' }, clock).where?.(event), true)
    assert.equal(toQuery({ where: 'data.n > 2' }, clock).where?.(event), false)
    assert.equal(toQuery({ where: 'data.n > 1', identifier: 'y' }, clock).where?.(event), false)
    assert.equal(toQuery({}, clock).where, undefined)
    assert.throws(() => toQuery({ where: 'n > 1' }, clock), {
      code: 'TIDINGS_LOG_INVALID',
      details: { path: 'where' },
      message: /^"where" is not an expression about events: column 1: an event has no n;.* data\.n/,
    })
  })
})
