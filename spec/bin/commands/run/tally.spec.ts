import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Tally } from '../../../../bin/commands/run/tally.ts'
import type { Logger } from '../../../../lib/index.ts'

describe('Tally', () => {
  it('counts log lines and passes them on unchanged, including those of child loggers', () => {
    const lines: unknown[] = []
    const say = function (this: { readonly of?: string }, ...said: readonly unknown[]): void {
      lines.push([this.of, ...said])
    }
    const logger = { debug: say, info: say, warn: say, error: say, of: 'all' }
    const tally = new Tally()
    const over = tally.over(logger) as Logger & { of: string }
    over.info({ seq: 1 }, 'new event')
    over.debug({ seq: 1 }, 'running listener')
    const child = Object.assign(Object.create(over) as typeof over, { of: 'one' })
    Reflect.apply(child.info, child, [{ seq: 2 }, 'new event', 'more'])
    assert.deepEqual(
      ['new event', 'running listener', 'nothing'].map((words) => tally.count(words)),
      [2, 1, 0],
    )
    assert.deepEqual(lines, [
      ['all', { seq: 1 }, 'new event'],
      ['all', { seq: 1 }, 'running listener'],
      ['one', { seq: 2 }, 'new event', 'more'],
    ])
  })
})
