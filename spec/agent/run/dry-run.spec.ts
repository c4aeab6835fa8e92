import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dryRun } from '../../../lib/agent/run/dry-run.ts'
import { realEnvironment } from '../../../lib/core/environment.ts'
import { silentLogger } from '../../../lib/core/logger.ts'
import { job } from '../../../lib/job/job.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { place } from '../../support/agent-harness.ts'

describe('a dry run', () => {
  it('shows no secret, wherever a draft contains it', async (t) => {
    const { log, clock } = await place(t)
    const look = job('look', manual(), ({ publish }) =>
      publish('made', 'id hush-hush', { deep: ['a hush-hush', { 'hush-hush key': 1 }], n: 1, none: null }),
    )
    const run = await dryRun(look, {
      log,
      clock,
      environment: realEnvironment(clock, silentLogger),
      signal: new AbortController().signal,
      scrub: (text) => text.replaceAll('hush-hush', '[secret]'),
    })
    assert.deepEqual(run.drafts, [
      {
        type: 'made',
        identifier: 'id [secret]',
        data: { deep: ['a [secret]', { '[secret] key': 1 }], n: 1, none: null },
        status: 'new',
      },
    ])
  })
})
