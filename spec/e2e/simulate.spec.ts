import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { answered, answeredTest } from './answered.ts'
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
    const { code, stdout } = await answered(userFolder(t, files), args)
    assert.equal(code, 0)
    assert.match(stdout, /^shop: 2 days from 2026-01-01T00:00:00\.000Z, seed 1$/m)
    assert.match(stdout, /^ {2}2026-01-02\t24$/m)
    assert.match(stdout, /^ {2}48\tlistener books: POST https:\/\/books\.example\/$/m)
  })

  it('says how long it was, also when that is less than a day', async (t) => {
    const args = ['simulate', 'shop.ts', '--world', 'world.ts', '--for', '1m', '--from', '2026-01-01']
    const { stdout } = await answered(userFolder(t, files), args)
    assert.match(stdout, /^shop: 1m from 2026-01-01T00:00:00\.000Z, seed 1$/m)
  })

  it('exits with 1 when faults repeat something, and shows the seed and the fewest faults', async (t) => {
    const args = ['simulate', 'shop.ts', '--world', 'world.ts', '--for', '12h', '--from', '2026-01-01']
    const { code, stdout, stderr } = await tidings(t, userFolder(t, files), [
      ...args,
      '--faults',
      'crashes',
      '--seed',
      '1',
    ])
    assert.equal(code, 1)
    assert.match(stdout, /crash at write \d+/)
    assert.match(stderr, /^with 1 fault of seed 1: \[\{"fault":"crash"/m)
    assert.match(stderr, /^tidings: listener books sent POST .* again for event \d+, without a key/m)
  })

  it('refuses faults that it does not know', async (t) => {
    const { code, stderr } = await answered(userFolder(t, files), ['simulate', 'shop.ts', '--faults', 'crash'])
    assert.equal(code, 2)
    assert.match(stderr, /--faults must be all, or some of crashes/)
  })
})

/** An agent that asks, and uses a secret; its world. */
const asking = {
  'tracker.ts': `import { agent, eventType, every, job, listener, on } from 'tidings'
const opened = eventType('opened').of<{ title: string }>()
export const issues = job('issues', every().hour, async ({ fetch, secret }) => {
  const headers = { authorization: 'Bearer ' + secret('TRACKER_TOKEN') }
  const found = await (await fetch('https://tracker.example/issues', { headers })).json() as { id: number; title: string }[]
  return found.map(({ id, title }) => opened(String(id), { title }))
})
const tell = listener('tell', on(opened), async ({ data }, { fetch }) => {
  await fetch('https://chat.example/messages', { method: 'POST', body: data.title })
})
export default agent('tracker', [issues, tell])
`,
  'world.ts': `export default ({ now }) => {
  let asked = 0
  return {
    secret: (name) => 's3cr3t-' + name,
    fetch: async (url) => String(url).includes('tracker')
      ? Response.json(Array.from({ length: ++asked }, (_, id) => ({ id, title: 'Issue ' + id + ' of s3cr3t-TRACKER_TOKEN' })))
      : new Response('noted'),
  }
}
`,
}

interface Recorded {
  readonly tidings: string
  readonly times: readonly string[]
  readonly exchanges: readonly { readonly request: { readonly method: string; readonly url: string } }[]
}

interface Counterexample {
  readonly harm: string
  readonly timeline: readonly { readonly kind: string; readonly asked?: string }[]
}

describe('tidings simulate --record', () => {
  const simulate = ['simulate', 'tracker.ts', '--for', '3h', '--from', '2026-01-01']
  const recorded = (folder: string): Recorded =>
    JSON.parse(readFileSync(join(folder, 'tracker.fixture.json'), 'utf8')) as Recorded

  it('writes what was asked and answered, which a trial and a simulation repeat', async (t) => {
    const folder = userFolder(t, asking)
    const record = ['--record', 'tracker.fixture.json']
    const first = await answered(folder, [...simulate, '--world', 'world.ts', ...record])
    assert.equal(first.code, 0, first.stderr)
    assert.match(first.words, /^6 exchanges recorded in tracker\.fixture\.json$/m)
    const { tidings: kind, exchanges } = recorded(folder)
    assert.equal(kind, 'fixture')
    assert.deepEqual(
      exchanges.map(({ request: { method, url } }) => `${method} ${new URL(url).host}`),
      [
        'GET tracker.example',
        'POST chat.example',
        'GET tracker.example',
        'POST chat.example',
        'GET tracker.example',
        'POST chat.example',
      ],
    )
    assert.doesNotMatch(JSON.stringify(exchanges), /s3cr3t/)
    const trial = await answeredTest(folder, [
      '-m',
      '-j',
      'tracker.issues',
      '--fixture',
      'tracker.fixture.json',
      '--json',
    ])
    assert.equal(trial.code, 0, trial.stderr)
    assert.match(trial.stdout, /"type":"opened","identifier":"0"/)
    const again = await answered(folder, [...simulate, '--world', 'tracker.fixture.json'])
    assert.equal(again.code, 0, again.stderr)
    assert.equal(again.stdout, first.stdout)
  })

  it('writes the counterexample that is reported, and replaces no file without being told to', async (t) => {
    const folder = userFolder(t, asking)
    const record = ['--record', 'tracker.fixture.json']
    const args = [...simulate, '--world', 'world.ts', ...record, '--faults', 'crashes', '--seed', '3', '--json']
    const { code, stdout, words } = await answered(folder, args)
    assert.equal(code, 1, words)
    const { harm, timeline } = JSON.parse(stdout) as Counterexample
    assert.match(harm, /again for event \d+, without a key/)
    const asked = timeline.flatMap(({ kind, asked: words = '' }) => (kind === 'request' ? [words] : []))
    assert.deepEqual(
      recorded(folder).exchanges.map(({ request: { method, url } }) => `${method} ${url}`),
      asked,
    )
    assert.ok(asked.length >= 3 && asked.length < 10, asked.join())
    assert.match(words, new RegExp(`^${asked.length} exchanges recorded`, 'm'))
    const before = recorded(folder)
    const refused = await answered(folder, [...simulate, '--world', 'world.ts', ...record])
    assert.equal(refused.code, 2, refused.stderr)
    assert.match(refused.stderr, /replaces the existing file tracker\.fixture\.json/)
    assert.deepEqual(recorded(folder), before)
    const replaced = await answered(folder, [...simulate, '--world', 'world.ts', ...record, '--yes'])
    assert.equal(replaced.code, 0, replaced.stderr)
    assert.notDeepEqual(recorded(folder), before)
  })

  it('needs a folder that exists', async (t) => {
    const { code, stderr } = await answered(userFolder(t, asking), [...simulate, '--record', 'none/a.json'])
    assert.equal(code, 2)
    assert.match(stderr, /--record needs an existing folder, and there is no none/)
  })
})
