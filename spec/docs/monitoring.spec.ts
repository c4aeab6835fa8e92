import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { operationsOf } from '../../lib/agent/operations/operations.ts'
import { agent, job, listener, manual, memoryLog, on, operations, start } from '../../lib/index.ts'
import { parsePrometheus } from '../support/prometheus.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/monitoring.md'), 'utf8')

/** The rows of the table of metrics: name, whether it needs an agent, type, and the labels with their values. */
const written = page
  .split('\n')
  .filter((line) => line.startsWith('| `tidings_'))
  .map((line) => {
    const [, name = '', type, labels = ''] = line.split('|').map((cell) => cell.trim())
    return {
      name: /`(\w+)`/.exec(name)?.[1],
      needsAgent: name.endsWith('°'),
      type,
      labels: Array.from(labels.matchAll(/`(\w+)`/g), ([, label]) => label),
      values: labels.includes(':') ? (labels.split(': ')[1] ?? '').split(', ') : undefined,
    }
  })

describe('docs/monitoring.md', () => {
  it('lists every metric with its type and its labels, of a running agent and of its log', async () => {
    const log = await memoryLog()
    const parts = [job('poll', manual(), ({ publish }) => publish('a', '1', 1)), listener('hear', on('a'), () => 1)]
    const running = await start(agent('home', parts), { log, logger: false })
    await running.trigger('poll')
    await running.drained()
    const control = running as unknown as Parameters<typeof operationsOf>[1]
    const runs = parsePrometheus(await operationsOf(log, control).metrics())
    await running.stop()
    const rests = parsePrometheus(await operations(log).metrics())
    await log.close()
    assert.deepEqual(
      written.map(({ name }) => name),
      [...runs.keys()],
    )
    assert.deepEqual(
      written.filter(({ needsAgent }) => !needsAgent).map(({ name }) => name),
      [...rests.keys()],
    )
    for (const { name = '', type, labels, values } of written) {
      const metric = runs.get(name)
      assert.equal(metric?.type, type)
      for (const series of metric?.series ?? [])
        assert.deepEqual(
          [...series.labels.keys()].filter((label) => label !== 'le'),
          labels,
          name,
        )
      if (values === undefined) continue
      const found = new Set(metric?.series.map((series) => series.labels.get(labels.at(-1) ?? '')))
      assert.deepEqual([...found].toSorted(undefined), [...values].toSorted(undefined), name)
    }
  })
})
