import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { connect } from '../../lib/agent/socket/client.ts'
import { visit, visiting } from '../agent/page/visit.ts'
import { until } from '../support/until.ts'
import { start, tidings, userFolder } from './program.ts'

/** The addresses on which a process listens, as the kernel writes them: `0100007F:1D09` is 127.0.0.1:7433. */
function listening(pid: number): string[] {
  const own = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return ['tcp', 'tcp6'].flatMap((kind) =>
    readFileSync(`/proc/${pid}/net/${kind}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && own.includes(`socket:[${inode}]`))
      .map(([, address = '']) => address),
  )
}

async function pidOf(folder: string): Promise<number> {
  const agent = await until(() => connect(join(folder, '.tidings/hello')), 'the agent')
  return (await agent.status()).pid ?? 0
}

/** The address that a program has printed or logged. */
function addressIn(text: string): URL {
  return new URL(/http:\/\/[\d.:]+\/\?token=[\w-]{32}/.exec(text)?.[0] ?? 'about:none')
}

function tokenOf(folder: string): string {
  return readFileSync(join(folder, '.tidings/hello/ui-token'), 'utf8').trim()
}

describe('a page of a program', { skip: !existsSync('/proc/self/net/tcp') && 'reads /proc' }, () => {
  it('is not there unless asked for', async (t) => {
    const folder = userFolder(t)
    const running = start(t, folder, 'tidings', ['run', 'hello.ts'])
    await running.said(/new event/)
    assert.deepEqual(listening(await pidOf(folder)), [])
    assert.equal(existsSync(join(folder, '.tidings/hello/ui-token')), false)
    assert.equal((await running.signal('SIGTERM')).code, 0)
  })

  it('is there with --ui, for this machine; another process serves the same, also when the agent has stopped', async (t) => {
    const folder = userFolder(t)
    const running = start(t, folder, 'tidings', ['run', '--ui', 'hello.ts'])
    await running.said(/page opened/)
    await running.said(/new event/)
    const [address, ...others] = listening(await pidOf(folder))
    assert.match(address ?? '', /^0100007F:[\dA-F]{4}$/)
    assert.deepEqual(others, [])
    const host = `127.0.0.1:${Number.parseInt(address?.slice(9) ?? '', 16)}`
    const authorization = `Bearer ${tokenOf(folder)}`
    const stream = await visiting(host, '/api/events/follow', { authorization })
    stream.resume()

    const beside = start(t, folder, 'tidings', ['ui', '--port', '0'])
    await beside.said(/token=/)
    const { host: own, searchParams } = addressIn(beside.printed())
    assert.equal(searchParams.get('token'), tokenOf(folder))
    const act = { authorization, 'content-type': 'application/json' }
    const ran = await visit(own, '/api/jobs/run', act, '{"name":"my_job"}')
    assert.match(ran.text, /"status":"done"/)

    const closed = once(stream, 'close')
    const { code, lines } = await running.signal('SIGTERM')
    await closed
    assert.equal(code, 0)
    const opened = lines.find(({ msg }) => msg === 'page opened')
    assert.equal(opened?.address, `http://${host}/?token=${tokenOf(folder)}`)
    await assert.rejects(visit(host, '/'), { code: 'ECONNREFUSED' })

    const left = await visit(own, '/api/events?limit=1', { authorization })
    assert.match(left.text, /"type":"my_event_type"/)
    const { status, text } = await visit(own, '/api/jobs/run', act, '{"name":"my_job"}')
    assert.deepEqual([status, text], [403, '{"error":{"message":"this page is read-only"}}'])
    const ended = await beside.signal('SIGTERM')
    assert.equal(ended.code, 0, ended.stderr)
    assert.equal(ended.stdout, `http://${own}/?token=${tokenOf(folder)}\n`)
  })

  it('opens before the agent starts, so that a mistake is known at once', async (t) => {
    const port = await takenPort(t)
    const cases: readonly (readonly [args: readonly string[], code: number, words: RegExp])[] = [
      [['--ui', '--ui-host', '0.0.0.0'], 2, /--ui-host 0\.0\.0\.0 needs --ui-allowed-hosts/],
      [
        ['--ui', String(port)],
        1,
        new RegExp(`can't open port ${port} of 127\\.0\\.0\\.1: another program listens there`),
      ],
    ]
    await Promise.all(
      cases.map(async ([args, code, words]) => {
        const ended = await tidings(t, userFolder(t), ['run', 'hello.ts', ...args])
        assert.equal(ended.code, code, ended.stderr)
        assert.match(ended.words, words)
        assert.ok(!ended.lines.some(({ msg }) => msg === 'starting agent'), ended.stderr)
      }),
    )
  })
})

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as { readonly port: number }).port
}
