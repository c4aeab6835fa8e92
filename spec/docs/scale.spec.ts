import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Results } from '../bench/results.ts'
import { scalePage } from '../bench/scale-page.ts'
import { logOf, place, ratesOf, type Split, type Storm, weather } from '../bench/split.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('docs/scale.md', () => {
  it('has the tables that follow from measurements and simulations: npm run bench:postgres -- --write makes it', () => {
    const page = read('docs/scale.md')
    assert.equal(page, scalePage(page, JSON.parse(read('spec/bench/results.json')) as Results))
  })
})

describe('the simulated split', () => {
  const split: Split = { tenants: 500, skew: 1.1, rate: 1000, capacity: 100, seed: 'spec' }

  it('has the rate that was asked for, the largest tenant first', () => {
    const rates = ratesOf(split)
    assert.ok(Math.abs(rates.reduce((sum, rate) => sum + rate, 0) - split.rate) < 1e-6)
    assert.deepEqual(
      rates,
      rates.toSorted((a, b) => b - a),
    )
  })

  it('moves tenants only to a log that is added, about its fair share of them', () => {
    const moved = Array.from({ length: 1000 }, (_, n) => [logOf(`${n}`, 4), logOf(`${n}`, 5)] as const)
    assert.ok(moved.every(([before, after]) => after === before || after === 4))
    const share = moved.filter(([, after]) => after === 4).length / moved.length
    assert.ok(share > 0.15 && share < 0.25, `${share}`)
  })

  it('is evened out by placing the largest tenants by hand', () => {
    assert.ok(place(split, 20, 20).fullest < place(split, 20, 0).fullest)
    assert.equal(place({ ...split, skew: 0 }, 500, 500).fullest, 0.02)
  })
})

describe('the simulated deaths of agents', () => {
  const storm: Storm = {
    logs: 2,
    listeners: 4,
    agents: 4,
    rate: 100,
    capacity: 400,
    lease: 10,
    deaths: [],
    seconds: 120,
    back: 30,
    spread: 'even',
    seed: 'spec',
  }

  it('change nothing while none dies', () => {
    assert.deepEqual(weather(storm), { moved: 0, most: 2, fair: 2, longest: 0, median: 0, calm: 0 })
  })

  it('move what the dead one had, and cost the lease, then the time to catch up', () => {
    const { moved, longest, median, calm } = weather({ ...storm, deaths: [{ second: 20, agents: 1 }] })
    assert.deepEqual([moved, median], [2, 0])
    assert.ok(longest >= 10 && longest <= 11, `${longest}`)
    assert.ok(calm !== undefined && calm > 10 && calm < 25, `${calm}`)
  })

  it('are never caught up with by agents that have no time left', () => {
    assert.equal(weather({ ...storm, capacity: 200, deaths: [{ second: 20, agents: 1 }] }).calm, undefined)
  })
})
