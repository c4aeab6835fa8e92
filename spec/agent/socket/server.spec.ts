import assert from 'node:assert/strict'
import { chmodSync, existsSync, lstatSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { agent } from '../../../lib/agent/define/agent.ts'
import { contract, partsOf } from '../../../lib/agent/operations/contract.ts'
import type { Operations } from '../../../lib/agent/operations/operations.ts'
import type { Running } from '../../../lib/agent/run/running.ts'
import { connect } from '../../../lib/agent/socket/client.ts'
import { start } from '../../../lib/agent/start.ts'
import type { StoredEvent } from '../../../lib/core/event.ts'
import { job } from '../../../lib/job/job.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import type { Log } from '../../../lib/log/port.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { notes } from '../../support/agent-harness.ts'
import { operationsIn } from '../../support/declared-operations.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const parts = [
  job('make', manual(), ({ publish, slot }) => publish('made', slot.toISOString(), 1)),
  listener('hear', on('made'), () => undefined),
]

interface Serving {
  readonly log: Log
  readonly directory: string
  readonly socket: string
  readonly running: Running
}

async function serving(t: TestContext, directory = temporaryDirectory(t)): Promise<Serving> {
  const log = await memoryLog()
  const running = await start(agent('home', parts), { log, logger: false, serve: directory })
  t.after(async () => {
    await running.stop()
    await log.close()
  })
  return { log, directory, running, socket: join(directory, 'agent.sock') }
}

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly text: string
}

/** Asks as `curl --unix-socket` does, without our client. */
async function ask(socket: string, path: string, body?: string | Buffer, headers: object = {}): Promise<Answer> {
  const response = await begin(socket, path, body, headers)
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk as string
  return { status: response.statusCode, type: response.headers['content-type'], text }
}

function begin(socketPath: string, path: string, body?: string | Buffer, headers = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const asking = request({ socketPath, path, method, headers: { host: 'x', ...headers }, agent: false }, resolve)
    asking.on('error', reject)
    if (body !== undefined) asking.write(body)
    asking.end()
  })
}

const errorOf = ({ text }: Answer) => (JSON.parse(text) as { error: { message: string; code?: string } }).error

describe('the socket of an agent', () => {
  it('exists while the agent runs, for its owner alone', async (t) => {
    const { socket, running } = await serving(t)
    assert.ok(lstatSync(socket).isSocket())
    assert.equal(statSync(socket).mode & 0o777, 0o600)
    await running.stop()
    assert.equal(existsSync(socket), false)
  })

  it('identifies the agent to any HTTP client', async (t) => {
    const { socket } = await serving(t)
    const { status, type, text } = await ask(socket, '/')
    assert.deepEqual([status, type], [200, 'application/json'])
    const { since, ...who } = JSON.parse(text) as { since: string }
    assert.deepEqual(who, { agent: 'home', pid: process.pid })
    assert.ok(Math.abs(Date.parse(since) - Date.now()) < 60_000)
  })

  it('replaces the socket of a dead process', async (t) => {
    const directory = temporaryDirectory(t)
    await leaveStale(join(directory, 'agent.sock'))
    assert.equal(await connect(directory), undefined)
    await serving(t, directory)
    assert.equal((await (await connect(directory))?.status())?.agent, 'home')
  })

  it('does not replace the socket of a living process; the agent runs without one and logs a warning', async (t) => {
    const { directory, socket } = await serving(t)
    const log = await memoryLog()
    const logger = notes()
    const second = await start(agent('second', parts), { log, logger, serve: directory })
    const [said] = logger.said('agent cannot answer commands')
    assert.match(String(said?.err), /agent\.sock can't be the socket of this agent: another process listens there/)
    assert.equal((await second.trigger('make'))?.new, 1)
    await second.stop()
    await log.close()
    assert.match((await ask(socket, '/')).text, /"home"/)
  })

  it('replaces a file that does not point to a socket', async (t) => {
    const directory = temporaryDirectory(t)
    const socket = join(directory, 'agent.sock')
    writeFileSync(socket, 'mine')
    const { log } = await serving(t, directory)
    // Such a file points to the socket. This one points nowhere and may be replaced.
    assert.ok(lstatSync(socket).isSocket())
    assert.equal(await log.last(), 0)
  })

  it('makes connect resolve to undefined where no agent runs', async (t) => {
    assert.equal(await connect(temporaryDirectory(t)), undefined)
    assert.equal(await connect('/nowhere/at/all'), undefined)
  })

  it('makes connect resolve to undefined when its process is stuck', { timeout: 20_000 }, async (t) => {
    const directory = temporaryDirectory(t)
    const sockets: { destroy(): void }[] = []
    const stuck = createServer((socket) => void sockets.push(socket))
    await new Promise<void>((resolve) => stuck.listen(join(directory, 'agent.sock'), resolve))
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      stuck.close()
    })
    assert.equal(await connect(directory), undefined)
  })
})

/** A socket whose process has died. */
async function leaveStale(path: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await new Promise((resolve) => spawn(process.execPath, ['-e', code]).on('close', resolve))
  assert.ok(lstatSync(path).isSocket())
}

describe('the HTTP interface', () => {
  it('answers many values as JSON lines, one as JSON, and no value as null', async (t) => {
    const { socket, log } = await serving(t)
    await log.accept(['a', 'b', 'c'].map((identifier) => ({ type: 'letter', identifier, data: '\u2028' })))
    const listed = await ask(socket, '/events?types=letter&types=x&limit=2&reverse')
    assert.deepEqual([listed.status, listed.type], [200, 'application/x-ndjson'])
    const events = listed.text.trim().split('\n')
    assert.deepEqual(
      events.map((line) => (JSON.parse(line) as StoredEvent).identifier),
      ['c', 'b'],
    )
    assert.equal((JSON.parse((await ask(socket, '/events/at?seq=1')).text) as StoredEvent).identifier, 'a')
    assert.equal((await ask(socket, '/events/at?seq=9')).text, 'null')
    assert.equal((await ask(socket, '/events/count')).text, '3')
  })

  it('answers existing and future events as server-sent events, whose ids tell where to continue', async (t) => {
    const { socket, log } = await serving(t)
    await log.accept([{ type: 't', identifier: 'before', data: 1 }])
    const response = await begin(socket, '/events/follow?after=0')
    assert.equal(response.headers['content-type'], 'text/event-stream')
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const comes = (pattern: RegExp) => until(() => pattern.test(text), String(pattern))
    await comes(/^id: 1\ndata: \{"seq":1,"type":"t","identifier":"before".*\}\n\n$/)
    await log.accept([{ type: 't', identifier: 'after', data: 1 }])
    await comes(/\n\nid: 2\ndata: \{"seq":2,.*"after".*\}\n\n$/)
    response.destroy()
    const again = await begin(socket, '/events/follow?after=0', undefined, { 'last-event-id': '1' })
    text = ''
    again.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    await comes(/^id: 2\n/)
    again.destroy()
    const wrong = await ask(socket, '/events/follow', undefined, { 'last-event-id': 'x' })
    assert.match(errorOf(wrong).message, /"after" must be a whole number/)
  })

  it('rejects an invalid question, with the reason', async (t) => {
    const { socket } = await serving(t)
    const cases: readonly (readonly [path: string, body: string | undefined, status: number, words: RegExp])[] = [
      ['/events?limt=2', undefined, 400, /takes no "limt"; it takes: types, since/],
      ['/events?limit=two', undefined, 400, /"limit" must be a whole number, not negative, got "two"/],
      ['/events?reverse=yes', undefined, 400, /"reverse" must be true or false, got "yes"/],
      ['/events?limit=', undefined, 400, /"limit" must be a whole number/],
      ['/events?since=tomorrow', undefined, 400, /"since" must be a date/],
      ['/events?__proto__=1', undefined, 400, /takes no "__proto__"/],
      ['/events/at', undefined, 400, /needs "seq"/],
      ['/jobs/run', '{"name":5}', 400, /"name" must be text, got 5/],
      ['/jobs/run', '', 400, /needs "name"/],
      ['/jobs/run', '{"name":', 400, /the body is not JSON/],
      ['/jobs/run', '[]', 400, /must be an object, got an empty array/],
      ['/jobs/run', '{"name":"x","__proto__":{}}', 400, /takes no "__proto__"/],
      ['/jobs/run', '{"name":"nope"}', 400, /knows no job "nope"/],
      ['/jobs/run', undefined, 404, /there is no GET \/jobs\/run/],
      ['/db/backup', '{"directory":"backups"}', 400, /"directory" must be an absolute path, got "backups"/],
      ['/db/prune', '{"age":"soon"}', 400, /"soon"/],
      ['/events/follow?types=', undefined, 400, /types/],
      ['/nope', '{}', 404, /there is no POST \/nope/],
    ]
    for (const [path, body, status, words] of cases) {
      const answer = await ask(socket, path, body)
      assert.equal(answer.status, status, `${path} ${answer.text}`)
      assert.match(errorOf(answer).message, words)
    }
  })

  it('answers 200 or 400 to any value of any part of any question', { timeout: 300_000 }, async (t) => {
    const { directory, socket } = await serving(t)
    const texts = [
      '',
      '\0',
      '\ud800',
      '\u{10ffff}',
      'x'.repeat(3000),
      '__proto__',
      '-1',
      '-1h',
      '2026-02-30',
      '5 parsecs',
      '1e999h',
    ]
    const numbers = [0, 1, 2 ** 32, 2 ** 48 - 1, 2 ** 48, 2 ** 53 - 1, 2 ** 53, -1, 1.5, null, '5', true, [], {}]
    for (const operation of operationsIn(contract)) {
      const { method, path, args } = operation
      const parts = partsOf(operation)
      const needed = Object.keys(parts).filter((part) => parts[part]?.endsWith('?') === false)
      const usual = Object.fromEntries(needed.map((part) => [part, part === 'seq' ? 1 : 'make']))
      for (const part of Object.keys(parts)) {
        for (const value of [...texts, ...numbers]) {
          const question = { ...usual, [part]: value }
          const inQuery = method === 'GET' || args.some(({ is }) => is === 'body')
          const search = inQuery ? `?${new URLSearchParams(question as unknown as Record<string, string>)}` : ''
          const response = await begin(
            socket,
            path + search,
            method === 'GET' ? undefined : inQuery ? '' : JSON.stringify(question),
          ).catch((error: unknown) => assert.fail(`${path} ${JSON.stringify(question)}: ${String(error)}`))
          // An answer that follows the log has no end.
          if (response.headers['content-type'] === 'text/event-stream') response.destroy()
          else await response.toArray()
          assert.ok(
            [200, 400].includes(response.statusCode ?? 0),
            `${path} ${JSON.stringify(question)}: ${response.statusCode}`,
          )
        }
      }
    }
    assert.equal((await (await connect(directory))?.status())?.agent, 'home')
  })

  it('rejects a body over 64 KiB, with or without a content-length, and continues', async (t) => {
    const { socket } = await serving(t)
    const long = Buffer.alloc(70_000, ' ')
    for (const headers of [{ 'content-length': long.length }, { 'transfer-encoding': 'chunked' }]) {
      const { status, text } = await ask(socket, '/jobs/run', long, headers)
      assert.equal(status, 413)
      assert.match(text, /at most 65536 bytes/)
    }
    const short = '{"name":"make"}'
    for (const headers of [{ 'content-length': short.length }, { 'transfer-encoding': 'chunked' }]) {
      const { status, text } = await ask(socket, '/jobs/run', short, headers)
      assert.equal(status, 200, text)
      assert.equal((JSON.parse(text) as { run: { new: number } }).run.new, 1)
    }
  })
})

describe('the answers of an agent that stops', () => {
  it('end for followers once they have received every event', async (t) => {
    const { directory, log, running } = await serving(t)
    const operations = await connect(directory)
    assert(operations !== undefined)
    const heard: string[] = []
    const following = (async () => {
      for await (const { identifier } of operations.events.follow({ after: 0 }, new AbortController().signal)) {
        heard.push(identifier)
      }
    })()
    await log.accept([{ type: 't', identifier: '1', data: 1 }])
    await until(() => heard.length === 1)
    await running.stop()
    await following
    assert.deepEqual(heard, ['1'])
    await assert.rejects(operations.jobs.list(), { code: 'TIDINGS_LOG_CLOSED', message: /went away/ })
  })

  it('leave nothing behind when a follower aborts', async (t) => {
    const { directory, log } = await serving(t)
    const operations = await connect(directory)
    const over = new AbortController()
    const seen: number[] = []
    const following = (async () => {
      for await (const { seq } of operations?.events.follow({ after: 0 }, over.signal) ?? []) seen.push(seq)
    })()
    await log.accept([{ type: 't', identifier: '1', data: 1 }])
    await until(() => seen.length === 1)
    over.abort()
    await following
    await log.accept([{ type: 't', identifier: '2', data: 1 }])
    assert.deepEqual(seen, [1])
    for await (const { seq } of operations?.events.follow({ after: 1 }, new AbortController().signal) ?? []) {
      assert.equal(seq, 2)
      break
    }
  })

  it('break off with an error if incomplete, instead of looking complete', async (t) => {
    const { directory, log, running } = await serving(t)
    await log.accept(
      Array.from({ length: 3000 }, (_, n) => ({ type: 't', identifier: `${n}`, data: 'x'.repeat(1000) })),
    )
    const operations = await connect(directory)
    assert(operations !== undefined)
    let count = 0
    await assert.rejects(
      async () => {
        for await (const _ of operations.events.list()) if (++count === 1) await log.close()
      },
      { code: 'TIDINGS_LOG_CLOSED' },
    )
    assert.ok(count < 3000)
    await running.stop()
  })
})

describe('a socket whose path would be too long', () => {
  const deep = (root: string): string => join(root, 'x'.repeat(60), 'y'.repeat(60))

  async function deepDirectory(t: TestContext): Promise<string> {
    const { mkdirSync } = await import('node:fs')
    const directory = deep(temporaryDirectory(t))
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    return directory
  }

  it('is in a temporary folder for its owner alone, and the folder of the log points to it', async (t) => {
    const directory = await deepDirectory(t)
    const { socket: pointer, running } = await serving(t, directory)
    const socket = readFileSync(pointer, 'utf8').trim()
    assert.ok(Buffer.byteLength(pointer) > 107 && Buffer.byteLength(socket) <= 107)
    assert.deepEqual([statSync(pointer).mode & 0o777, statSync(socket).mode & 0o777], [0o600, 0o600])
    assert.equal(statSync(join(socket, '..')).mode & 0o777, 0o700)
    assert.equal((await (await connect(directory))?.status())?.agent, 'home')
    await running.stop()
    assert.deepEqual([existsSync(pointer), existsSync(join(socket, '..'))], [false, false])
    assert.equal(await connect(directory), undefined)
  })

  it('is not created in a folder that others may write to', async (t) => {
    const directory = await deepDirectory(t)
    const first = await serving(t, directory)
    const folder = join(readFileSync(first.socket, 'utf8').trim(), '..')
    await first.running.stop()
    const { mkdirSync, rmdirSync } = await import('node:fs')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    t.after(() => rmdirSync(folder))
    const log = await memoryLog()
    const logger = notes()
    const running = await start(agent('home', parts), { log, logger, serve: directory })
    const [said] = logger.said('agent cannot answer commands')
    assert.match(String(said?.err), /is not a folder for this user alone/)
    assert.equal(existsSync(join(folder, 'agent.sock')), false)
    await running.stop()
    await log.close()
  })
})

describe('the body of an import', () => {
  const line = (identifier: string, type = 't') => `${JSON.stringify({ type, identifier, data: 'x'.repeat(100) })}\n`

  /** Many lines, and how many of them were read. */
  function many(count: number, first = ''): { lines: AsyncGenerator<Uint8Array>; asked(): number } {
    let asked = 0
    async function* lines(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(first)
      for (asked = 1; asked <= count; asked++) yield Buffer.from(line(`${asked}`))
    }
    return { lines: lines(), asked: () => asked }
  }

  it('is processed while it arrives', async (t) => {
    const { log, directory } = await serving(t)
    const remote = (await connect(directory)) as Operations
    assert.deepEqual(await remote.events.import(many(1500).lines), {
      events: 1500,
      new: 1500,
      changed: 0,
      duplicate: 0,
    })
    assert.equal(await log.last(), 1500)
  })

  it('may contain lines that are not events, with skip', async (t) => {
    const { directory } = await serving(t)
    const remote = (await connect(directory)) as Operations
    const pieces = async function* () {
      yield Buffer.from(`nonsense\n${line('1')}`)
    }
    const { skipped, ...answer } = await remote.events.import(pieces(), { skip: true })
    assert.deepEqual(answer, { events: 1, new: 1, changed: 0, duplicate: 0 })
    assert.deepEqual([skipped?.count, skipped?.first[0]?.line], [1, 1])
  })

  it('is not sent to its end once it is rejected', async (t) => {
    const { directory } = await serving(t)
    const { lines, asked } = many(200_000, line('', 't'))
    const remote = (await connect(directory)) as Operations
    await assert.rejects(remote.events.import(lines), { code: 'TIDINGS_IMPORT_INVALID', details: { line: 1 } })
    assert.ok(asked() < 200_000)
    assert.equal((await remote.status())?.agent, 'home')
  })

  it('always gets the reason when it is rejected while it is sent', async (t) => {
    const { directory } = await serving(t)
    const remote = (await connect(directory)) as Operations
    async function* slowly(more: number): AsyncGenerator<Uint8Array> {
      yield Buffer.from(line('', 't'))
      for (let i = 0; i < more; i++) yield await setImmediate(Buffer.from(line(`${i}`)))
    }
    for (let round = 0; round < 200; round++) {
      await assert.rejects(remote.events.import(slowly(round % 20)), { code: 'TIDINGS_IMPORT_INVALID' })
    }
  })

  it('rejects with the error of its source', async (t) => {
    const { directory } = await serving(t)
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(line('1'))
      throw new Error('the disk is gone')
    }
    const remote = (await connect(directory)) as Operations
    await assert.rejects(remote.events.import(broken()), /^Error: the disk is gone$/)
    assert.equal((await remote.status())?.agent, 'home')
  })

  it('is accepted from any HTTP client; unknown parts of the question are rejected', async (t) => {
    const { socket } = await serving(t)
    const { status, text } = await ask(socket, '/events/import', line('1') + line('2') + line('1'))
    assert.deepEqual([status, JSON.parse(text)], [200, { events: 3, new: 2, changed: 0, duplicate: 1 }])
    const bad = await ask(socket, '/events/import', 'no JSON')
    assert.deepEqual([bad.status, errorOf(bad).code], [400, 'TIDINGS_IMPORT_INVALID'])
    assert.match(errorOf(await ask(socket, '/events/import?type=x', line('3'))).message, /takes no "type"/)
  })

  it('ends when the agent ends', async (t) => {
    const { directory, running, log } = await serving(t)
    const remote = (await connect(directory)) as Operations
    async function* lines(): AsyncGenerator<Uint8Array> {
      for (let i = 0; ; i++) {
        if (i === 300) void running.stop()
        await setImmediate()
        yield Buffer.from(line(`${i}`))
      }
    }
    await assert.rejects(remote.events.import(lines()), { code: 'TIDINGS_LOG_CLOSED' })
    assert.ok((await log.last()) > 0)
  })
})
