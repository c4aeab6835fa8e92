import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Operations } from '../../../lib/agent/operations/operations.ts'
import { carryOut } from '../../../lib/agent/peers/operations-on.ts'
import type { AgentControl } from '../../../lib/agent/run/agent-control.ts'
import { TidingsError } from '../../../lib/core/errors.ts'

describe('an operation that an agent carries out for another process', () => {
  const lost = (): Promise<never> => Promise.reject(new TidingsError('TIDINGS_LOG_CLOSED', 'another agent handles it'))
  const operations = { listeners: { reset: lost }, jobs: { run: lost } } as unknown as Operations
  const agent = { held: () => ({ jobs: ['poll'], listeners: ['news'], shards: {} }) } as unknown as AgentControl

  it('may be asked of the agent that took the listener in between', async () => {
    await assert.rejects(carryOut(operations, agent, 'listeners.reset', ['news', { to: 'start' }]), {
      code: 'TIDINGS_LOG_LOCKED',
      message: 'another agent has "news" now',
    })
  })

  it('is asked once if it runs a job: the run may have published', async () => {
    await assert.rejects(carryOut(operations, agent, 'jobs.run', ['poll']), { code: 'TIDINGS_LOG_CLOSED' })
  })
})
