import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { answered } from './answered.ts'
import { ownEnvironment, root, start, tidings, userFolder } from './program.ts'

const TOKEN = 's3cr3t-of-the-chat'

/** The agent; `fixed` handles what the other parks. */
const home = (fixed: boolean): string => `import { agent, eventType, every, job, listener, on } from 'tidings'
const opened = eventType('issue.opened').of<{ title: string; labels?: string[] }>()
const look = job('look', every().day, ({ secret }) => [
  opened('1', { title: 'First', labels: ['bug'] }),
  opened('it\\u2028\\u001b[31m */', { title: 'Of ' + secret('CHAT_TOKEN') }),
], { atStart: true })
const labels = listener('labels', on(opened), async ({ data }, { state, now }) => {
  const count = (await state.get<number>('count', 0)) + 1
  if (count > 2 || now() > Date.now()) throw new Error('the state or the time is wrong')
  state.set('count', count)
  return data.labels${fixed ? '?' : '!'}.join()
}, { attempts: 1 })
const tell = listener('tell', on(opened), async ({ data }, { fetch, state, secret }) => {
  const answer = await fetch(process.env.CHAT + '/messages', { method: 'POST', body: data.title, headers: { authorization: secret('CHAT_TOKEN') } })
  ${fixed ? 'if (answer.status === 422) return' : ''}
  if (!answer.ok) throw new Error('the chat answered ' + answer.status)
  state.set('sent by', secret('CHAT_TOKEN'))
  state.set('__proto__', ['own'])
}, { attempts: 1 })
export const house = agent('home', [look, labels, tell])
`

/** A project as \`tidings init\` makes it, whose agent has parked an event for each of its listeners. */
async function project(t: TestContext) {
  let asked = 0
  const chat = createServer((_, response) => response.writeHead(asked++ === 0 ? 200 : 422).end()).listen(0, '127.0.0.1')
  await new Promise((resolve) => chat.once('listening', resolve))
  t.after(() => chat.close())
  const CHAT = `http://127.0.0.1:${(chat.address() as AddressInfo).port}`
  const scripts = { test: 'node --import tidings/register --test --test-reporter=spec test/*.test.ts' }
  const folder = userFolder(t, {
    'agents/home.ts': home(false),
    'package.json': JSON.stringify({ name: 'mine', private: true, type: 'module', scripts }),
  })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/tidings'), 'dir')
  const env = { CHAT, CHAT_TOKEN: TOKEN }
  const npmTest = () => {
    const { status, stdout, stderr } = spawnSync('npm', ['test'], {
      cwd: folder,
      env: { ...ownEnvironment(), CHAT, NO_COLOR: '1' },
      encoding: 'utf8',
    })
    return { status, output: stdout + stderr }
  }
  return { folder, env, npmTest, asked: () => asked }
}

const write = (listener: string) => [
  'parked',
  'show',
  listener,
  '2',
  'agents/home.ts',
  '--as-spec',
  `test/${listener}.test.ts`,
]

describe('tidings parked show --as-spec', () => {
  it('writes specs that npm test fails as the handlers did, and passes once they are fixed', async (t) => {
    const { folder, env, npmTest, asked } = await project(t)
    const run = await tidings(t, folder, ['run', 'agents/home.ts', '--once'], { env })
    assert.equal(run.code, 1, run.stderr)
    assert.equal(asked(), 2)
    for (const listener of ['labels', 'tell']) {
      const { code, stderr } = await tidings(t, folder, write(listener), { env })
      assert.equal(code, 0, stderr)
      assert.match(stderr, /^test\/\w+\.test\.ts written: it fails until "\w+" handles event 2$/m)
    }
    const tell = readFileSync(join(folder, 'test/tell.test.ts'), 'utf8')
    for (const part of [
      "import { house as agent } from '../agents/home.ts'",
      "identifier: 'it\\u2028\\u001b[31m */'",
      "title: 'Of [secret]'",
      "'sent by': '[secret]'",
      "['__proto__']: [\n        'own',",
      "method: 'POST'",
      'status: 422',
      '// Error: the chat answered 422',
    ])
      assert.ok(tell.includes(part), `${part} is missing in ${tell}`)
    assert.ok(!tell.includes(TOKEN))
    const red = npmTest()
    assert.equal(red.status, 1, red.output)
    assert.match(red.output, /^ℹ fail 2$/m)
    assert.match(
      red.output,
      /listener "labels" fails: TypeError: Cannot read properties of undefined \(reading 'join'\)/,
    )
    assert.match(red.output, /at .*agents\/home\.ts:/)
    assert.match(red.output, /listener "tell" fails: Error: the chat answered 422/)
    writeFileSync(join(folder, 'agents/home.ts'), home(true))
    const green = npmTest()
    assert.equal(green.status, 0, green.output)
    assert.match(green.output, /^ℹ pass 2$/m)
    assert.equal(asked(), 2)
  })

  it('asks a running agent, which knows its secrets, and replaces no file without being told to', async (t) => {
    const { folder, env } = await project(t)
    const running = start(t, folder, 'tidings', ['run', 'agents/home.ts'], { env })
    await running.said(/event parked[^]*event parked/)
    // This environment has no token.
    const { code, stderr } = await answered(folder, write('tell'))
    assert.equal(code, 0, stderr)
    const text = readFileSync(join(folder, 'test/tell.test.ts'), 'utf8')
    assert.match(text, /status: 422/)
    assert.ok(!text.includes(TOKEN))
    const again = await answered(folder, write('tell'))
    assert.equal(again.code, 2, again.stderr)
    assert.match(again.stderr, /replaces the existing file test\/tell\.test\.ts/)
    assert.equal((await answered(folder, [...write('tell'), '--yes'])).code, 0)
    assert.equal((await running.signal('SIGTERM')).code, 0)
  })

  it('needs a file to write, the file of the agent, and a parked event', async (t) => {
    const { folder, env } = await project(t)
    await answered(folder, ['run', 'agents/home.ts', '--once'], { env })
    const fails = async (args: readonly string[], exit: number, words: RegExp) => {
      const { code, stderr } = await answered(folder, ['parked', 'show', ...args])
      assert.equal(code, exit, stderr)
      assert.match(stderr, words)
    }
    await fails(['tell', '2', '--as-spec', 'test/a.test.ts'], 2, /needs both: the FILE of the agent, and --as-spec/)
    await fails(['tell', '2', 'agents/home.ts'], 2, /needs both/)
    await fails(
      ['tell', '2', 'agents/home.ts', '--as-spec', 'test/a.txt'],
      2,
      /must name a file such as test\/tell-2\.test\.ts/,
    )
    await fails(
      ['tell', '1', 'agents/home.ts', '--as-spec', 'a.test.ts'],
      1,
      /event 1 is not parked for listener "tell"/,
    )
    await fails(['tall', '2', 'agents/home.ts', '--as-spec', 'a.test.ts'], 2, /no listener "tall"; did you mean "tell"/)
  })
})
