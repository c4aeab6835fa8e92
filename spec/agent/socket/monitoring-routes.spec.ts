import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { operationsOf } from '../../../lib/agent/operations/operations.ts'
import { monitoringRoutes } from '../../../lib/agent/socket/monitoring-routes.ts'
import { agent, memoryLog, start } from '../../../lib/index.ts'

describe('what monitoring asks', () => {
  it('is answered by status: the process answers, the agent takes work', async () => {
    const log = await memoryLog()
    const running = await start(agent('a', []), { log, logger: false })
    const control = running as unknown as Parameters<typeof operationsOf>[1]
    const app = monitoringRoutes(operationsOf(log, control))
    const ask = async (path: string) => {
      const response = await app.request(path)
      return [response.status, await response.json()]
    }
    assert.deepEqual(await ask('/healthz'), [200, { alive: true }])
    assert.deepEqual(await ask('/readyz'), [200, { ready: true, state: 'running', log: 'ready' }])
    const metrics = await app.request('/metrics')
    assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.match(await metrics.text(), /^# HELP tidings_info /)
    await running.stop()
    assert.deepEqual(await ask('/readyz'), [503, { ready: false, state: 'stopping', log: 'ready' }])
    await log.close()
    assert.deepEqual(await ask('/readyz'), [503, { ready: false, state: 'stopping', log: 'closed' }])
    assert.deepEqual(await ask('/healthz'), [200, { alive: true }])
  })
})
