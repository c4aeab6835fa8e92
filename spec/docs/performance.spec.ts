import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { performancePage } from '../bench/page.ts'
import { peersPicture } from '../bench/peers-page.ts'
import type { PeersResults, Results } from '../bench/results.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const results = JSON.parse(read('spec/bench/results.json')) as Results

const about = { version: '1.2.3', how: 'by hand', events: 1000 }
const peers: PeersResults = {
  peers: [
    {
      ...about,
      name: 'one',
      accepted: 12_345,
      duplicates: 99_999,
      delivered: 1234,
      memory: 5e7,
      waits: [
        { rate: 500, reached: 499, p50: 1, p99: 2.34 },
        { rate: 10_000, reached: 4000, p50: 1, p99: 99.9 },
      ],
    },
    { ...about, name: 'two', failure: 'no such package' },
  ],
  rounds: 3,
  load: 0,
  processors: 2,
}

describe('docs/performance.md', () => {
  it('has what was measured: npm run bench -- --write makes it', () => {
    assert.equal(read('docs/performance.md'), performancePage(results))
  })

  it('has no section about other systems until they are measured', () => {
    const { peers: _, ...others } = results
    assert.doesNotMatch(performancePage(others), /Beside other systems/)
  })

  it('has a row for each other system, also for one that could not be measured', () => {
    const page = performancePage({ ...results, peers })
    assert.match(page, /^## Beside other systems$/m)
    const times = '2.3 ms at 500/s; 99.9 ms at 10000/s, of which 4000 came'
    assert.ok(page.includes(`| one | 1000 | 12345 | 99999 | 1234 | ${times} | 50 MB |`))
    assert.ok(page.includes('| two | 1000 | not measured: no such package | | | | |'))
    assert.ok(page.includes('- **one** 1.2.3: by hand.'))
  })
})

describe('the picture of other systems', () => {
  it('has the rates of those that were measured', () => {
    const picture = peersPicture(peers)
    assert.match(picture, />one<.*>12,345<.*>99,999<.*>1,234</)
    assert.doesNotMatch(picture, />two</)
  })
})
