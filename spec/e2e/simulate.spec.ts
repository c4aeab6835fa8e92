import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { tidings, userFolder } from './program.ts'

const files = {
  'shop.ts': `import { agent, eventType, every, job, listener, on } from 'tidings'
const paid = eventType('paid').of<null>()
export default agent('shop', [
  job('orders', every().hour, ({ slot }) => paid(slot.toISOString(), null)),
  listener('books', on(paid), async (_, { fetch }) => {
    await fetch('https://books.example/', { method: 'POST' })
  }),
])
`,
  'world.ts': `export default { fetch: async () => new Response('noted') }
`,
}

describe('tidings simulate', () => {
  it('prints a summary, by day, and what would be sent', async (t) => {
    const args = ['simulate', 'shop.ts', '--world', 'world.ts', '--for', '2d', '--from', '2026-01-01']
    const { code, stdout } = await tidings(t, userFolder(t, files), args)
    assert.equal(code, 0)
    assert.match(stdout, /^shop: 2 days from 2026-01-01T00:00:00\.000Z, seed 1$/m)
    assert.match(stdout, /^ {2}2026-01-02\t24$/m)
    assert.match(stdout, /^ {2}48\tlistener books: POST https:\/\/books\.example\/$/m)
  })

  it('exits with 1 when faults repeat something, and shows the seed and the fewest faults', async (t) => {
    const args = ['simulate', 'shop.ts', '--world', 'world.ts', '--for', '12h', '--from', '2026-01-01']
    const { code, stdout, stderr } = await tidings(t, userFolder(t, files), [
      ...args,
      '--faults',
      'crashes',
      '--seed',
      '7',
    ])
    assert.equal(code, 1)
    assert.match(stdout, /crash at write \d+/)
    assert.match(stderr, /^with 1 fault of seed 7: \[\{"fault":"crash"/m)
    assert.match(stderr, /^tidings: listener books sent POST .* again for event \d+, without a key/m)
  })

  it('refuses faults that it does not know', async (t) => {
    const { code, stderr } = await tidings(t, userFolder(t, files), ['simulate', 'shop.ts', '--faults', 'crash'])
    assert.equal(code, 2)
    assert.match(stderr, /--faults must be all, or some of crashes/)
  })
})
