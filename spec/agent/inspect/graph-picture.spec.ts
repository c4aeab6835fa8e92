import assert from 'node:assert/strict'
import { it } from 'node:test'
import { graphOf } from '../../../lib/agent/inspect/graph.ts'
import { pictured } from '../../../lib/agent/inspect/graph-picture.ts'
import { agent, eventType, every, job, listener, on } from '../../../lib/index.ts'

const types = ['a', 'b', 'c', 'd', 'e'].map((name) => eventType(name))
const [a, b, , d, e] = types as [...typeof types, (typeof types)[0]]
const nothing = (): void => undefined
const many = agent('many', [
  job('all', every('5m'), nothing, { publishes: types }),
  job('two', every('5m'), nothing, { publishes: [d, e] as typeof types }),
  job('few', every('5m'), nothing, { publishes: [eventType('f'), eventType('g')] }),
  listener('hear', on(a), nothing),
])

it('a picture has one node for many types of a job that nothing hears and no log has seen', () => {
  const events = (graph: ReturnType<typeof pictured>): string[] =>
    graph.nodes.filter(({ kind }) => kind === 'event').map(({ name }) => name)
  // d and e have a second job.
  assert.deepEqual(events(pictured(graphOf(many))), ['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  const alone = agent('alone', many.jobs.slice(0, 1).concat(many.jobs.slice(2)))
  const seen = {
    flow: { events: [{ type: 'b', job: 'all', count: 1, last: 1 }], listeners: [] },
    listeners: [],
    jobs: [],
  }
  assert.deepEqual(events(pictured(graphOf(alone, seen))), ['b', 'f', 'g', '4 types unheard'])
  assert.equal(b?.type, 'b')
  const { nodes, edges } = pictured(graphOf(alone))
  assert.deepEqual(events(pictured(graphOf(alone))), ['f', 'g', '5 types unheard'])
  const known = new Set(nodes.map(({ id }) => id))
  assert.ok(edges.every(({ from, to }) => known.has(from) && known.has(to)))
})
