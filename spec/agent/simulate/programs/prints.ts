// Prints the simulation of a seed: two processes must print the same.
import { simulate } from '../../../../lib/agent/simulate/simulate.ts'
import { agent, eventType, every, job, listener, on } from '../../../../lib/index.ts'
import { shop, world } from '../agents.ts'

const seed = Number(process.argv[2])
const from = new Date('2026-03-27T00:00:00Z')
process.stdout.write(String(await simulate(() => shop(), { from, for: '6h', world, faults: true, seed })))

// A schedule without a time zone, a clock that is read directly, and chance.
const drawn = eventType('drawn').of<{ at: string; number: number }>()
const draws = agent('draws', [
  job('draw', every().day.at('09:30'), () =>
    drawn(new Date().toISOString(), { at: new Date().toISOString(), number: Math.random() }),
  ),
  listener('see', on(drawn), () => undefined),
])
process.stdout.write(String(await simulate(draws, { from, for: '4d', seed })))
