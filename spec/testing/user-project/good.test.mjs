import { test } from 'node:test'
import { agentLaws, listenerLaws, pipeLaws, streamLaws } from 'tidings/testing'
import { events, good, home, keyed, service, world } from './shop.mjs'

const laws = [
  streamLaws(good, service),
  pipeLaws(keyed, { events }),
  listenerLaws(keyed, { events, world, numRuns: 20 }),
  agentLaws(home, { events, world, numRuns: 10 }),
]
for (const [name, law] of laws.flatMap((each) => Object.entries(each))) test(name, law)
