import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it, type TestContext } from 'node:test'
import { type Answered, answered } from './answered.ts'
import { tidings, userFolder } from './program.ts'

/** An agent whose `books` sends without a key, and `mail` with one. */
const files = {
  'shop.ts': `import { agent, eventType, every, job, listener, on } from 'tidings'
const paid = eventType('paid').of<null>()
export default agent('shop', [
  job('orders', every().hour, async ({ fetch, secret }) => {
    const headers = { authorization: secret('SHOP_TOKEN') }
    const found = (await (await fetch('https://shop.example/orders', { headers })).json()) as number[]
    return found.map((n) => paid(String(n), null))
  }),
  listener('books', on(paid), async ({ identifier }, { fetch }) => {
    await fetch('https://books.example/', { method: 'POST', body: identifier })
  }),
  listener('mail', on(paid), async ({ identifier }, { exec, key }) => {
    await exec('send-mail', [identifier, key])
  }),
])
`,
  'world.ts': `export default () => {
  let orders = 0
  return {
    secret: (name) => 'secret of ' + name,
    exec: async () => ({ stdout: '', stderr: '' }),
    fetch: async (url, { headers } = {}) => {
      if (String(url).includes('books')) return new Response('noted')
      if (headers.authorization !== 'secret of SHOP_TOKEN') return new Response('', { status: 401 })
      return Response.json([++orders, orders - 1])
    },
  }
}
`,
}

interface Result {
  readonly lives: number
  readonly faults: Readonly<Record<'kills' | 'stops' | 'clockSteps' | 'diskFull', number>>
  readonly events: number
  readonly deliveries: number
  readonly exits: readonly string[]
  readonly harm: readonly string[]
}

async function torture(
  t: TestContext,
  args: readonly string[],
  folder = userFolder(t, files),
): Promise<Answered & { readonly result: Result }> {
  const isStart = args.includes('kills')
  const all = ['torture', 'shop.ts', '--world', 'world.ts', '--json', ...args]
  // Its own folder for temporary files: others use the system's at the same time.
  const env = { TMPDIR: folder }
  const ended = await (isStart ? tidings(t, folder, all, { env }) : answered(folder, all))
  return { ...ended, result: JSON.parse(ended.stdout === '' ? '{}' : ended.stdout) as Result }
}

/** The same for longer each time, until it had what it needs: on a busy machine, an agent does less in the same time. */
async function tortureUntil(
  has: (result: Result) => boolean,
  seconds: number,
  ...[t, args, folder]: Parameters<typeof torture>
): ReturnType<typeof torture> {
  const ended = await torture(t, [...args, '--for', `${seconds}s`], folder)
  return ended.stdout === '' || has(ended.result) || seconds > 60
    ? ended
    : tortureUntil(has, 2 * seconds, t, args, folder)
}

describe('tidings torture', () => {
  it('kills an agent between what a handler sends and its record, and names the handler without a key', async (t) => {
    const folder = userFolder(t, files)
    const before = readdirSync(folder)
    const args = ['--faults', 'kills', '--seed', '2']
    const { code, result, stderr } = await tortureUntil(({ harm }) => harm.length > 0, 3, t, args, folder)
    assert.equal(code, 1, stderr)
    assert.ok(result.lives > 1 && result.faults.kills > 0, stderr)
    assert.ok(result.events > 0)
    assert.equal(result.harm.length, 1, stderr)
    assert.match(
      result.harm[0] ?? '',
      /^listener books sent POST https:\/\/books\.example\/ (once|\d+ times) more than it has to, without the delivery's key/,
    )
    assert.deepEqual(readdirSync(folder), before)
  })

  it('finds nothing in an agent that is stopped, has no room on its disk, and whose clock is set', async (t) => {
    const { code, result, stderr } = await tortureUntil(({ deliveries }) => deliveries > 0, 4, t, [
      '--faults',
      'stops,clockSteps,diskFull',
      '--seed',
      '4',
    ])
    // A full disk keeps the record of a delivery away, too: so only what has a key is sent once.
    const others = result.harm.filter((words) => !words.startsWith('listener books sent'))
    assert.deepEqual(others, [], stderr)
    assert.equal(code, result.harm.length === 0 ? 0 : 1)
    assert.equal(result.faults.kills, 0)
    assert.ok(result.faults.stops + result.faults.clockSteps + result.faults.diskFull > 0, stderr)
    assert.ok(result.deliveries > 0, stderr)
  })

  it('reports an agent that ends by itself', async (t) => {
    const folder = userFolder(t, {
      ...files,
      'shop.ts': files['shop.ts'].replace('await exec(', "if (identifier === '3') process.exit(1)\n    await exec("),
    })
    const { code, result } = await tortureUntil(({ exits }) => exits.length > 0, 3, t, ['--faults', 'stops'], folder)
    assert.equal(code, 1)
    assert.ok(result.exits.length > 0)
    assert.match(result.harm.join('\n'), /^the agent ended by itself/m)
  })

  it('fails when no handler was called: nothing was tried', async (t) => {
    const folder = userFolder(t, { ...files, 'world.ts': 'export default { fetch: async () => Response.json([]) }\n' })
    const { code, stderr } = await torture(t, ['--for', '1s', '--faults', 'stops'], folder)
    assert.equal(code, 1)
    assert.match(stderr, /^tidings: no handler was called, so nothing was tried/m)
  })

  it('fails when the agent does not begin, and says why', async (t) => {
    const folder = userFolder(t, { ...files, 'shop.ts': "throw new Error('the shop\\nis closed')\n" })
    const { code, stderr, stdout } = await torture(t, ['--faults', 'stops', '--for', '1s'], folder)
    assert.equal(code, 1)
    assert.match(stderr, /^tidings: .*shop\.ts:1: the shop is closed$/m)
    assert.equal(stdout, '')
  })

  it('refuses a world with unknown parts', async (t) => {
    const folder = userFolder(t, { ...files, 'world.ts': 'export default () => ({ fecth: () => undefined })\n' })
    const { code, stderr } = await torture(t, ['--for', '1s'], folder)
    assert.equal(code, 1)
    assert.match(stderr, /the options of the world of tidings torture have no "fecth"; did you mean "fetch"\?/)
  })

  it('refuses faults that it does not know, and a time that it cannot read', async (t) => {
    const folder = userFolder(t, files)
    const { code, stderr } = await torture(t, ['--faults', 'crashes'], folder)
    assert.equal(code, 2)
    assert.match(stderr, /--faults must be all, or some of kills, stops, clockSteps, diskFull, got "crashes"/)
    assert.equal((await torture(t, ['--for', 'long'], folder)).code, 2)
  })
})
