import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Recording, recordWorld } from '../../../lib/agent/try/record-world.ts'
import { replay } from '../../../lib/agent/try/replay-world.ts'
import { hasCode, type TidingsError } from '../../../lib/core/errors.ts'
import type { World } from '../../../lib/index.ts'
import { type Asked, type LocalService, localService, type Told } from '../../support/local-service.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** What a program saw of the world, to compare a recording with its replay. */
type Work = (world: World, url: string) => Promise<unknown>

async function prepare(
  t: TestContext,
  answer: (asked: Asked) => Told | Promise<Told> = () => ({}),
): Promise<{ service: LocalService; file: string; recording: Recording; read(): string }> {
  const service = await localService(t, answer)
  const file = join(temporaryDirectory(t), 'fixture.json')
  const secrets = { secret: (name: string) => values[name] ?? '', scrub: (text: string) => text }
  const recording = recordWorld({ world: { secret: secrets.secret }, secrets })
  return { service, file, recording, read: () => readFileSync(file, 'utf8') }
}

const values: Readonly<Record<string, string>> = {
  TOKEN: 'c0rrect "horse"\\battery',
  HOOK: 'https://hooks.example/services/T000/B000',
}

/** Does the work twice, recorded and replayed, and returns what both saw, which must be the same. */
async function both(t: TestContext, answer: (asked: Asked) => Told | Promise<Told>, work: Work): Promise<unknown> {
  const { service, file, recording } = await prepare(t, answer)
  const seen = await work(recording.world, service.url)
  await recording.save(file)
  const { length } = service.asked
  const { world, missing } = await replay(file)
  assert.deepEqual(await work(world, service.url), seen)
  assert.deepEqual([service.asked.length, missing.length], [length, 0], 'the replay reached the service')
  return seen
}

const show = async (response: Response): Promise<unknown> => [
  response.status,
  response.statusText,
  response.ok,
  response.redirected,
  response.url,
  response.headers.get('x-n'),
  Buffer.from(await response.arrayBuffer()).toString('latin1'),
]

async function closedAddress(): Promise<string> {
  let stop = (): unknown => undefined
  const { url } = await localService({ after: (work) => (stop = work) })
  stop()
  return url
}

const failure = (promise: Promise<unknown>): Promise<Error & { code?: unknown }> =>
  promise.then(
    () => assert.fail('it succeeded'),
    (error: Error) => error,
  )

describe('a recording and its replay', () => {
  it('answer a repeated request in order, and its last answer from then on', async (t) => {
    let n = 0
    const { service, file, recording } = await prepare(t, () => ({ body: { n: ++n }, headers: { 'x-n': String(n) } }))
    const ask = async (world: World, path: string) =>
      (await (await world.fetch(`${service.url}${path}`)).json()) as object
    for (const path of ['/a', '/b', '/a']) await ask(recording.world, path)
    assert.equal(await recording.save(file), 3)
    const { world } = await replay(file)
    const again: object[] = []
    for (const path of ['/b', '/a', '/a', '/a']) again.push(await ask(world, path))
    assert.deepEqual(again, [{ n: 2 }, { n: 1 }, { n: 3 }, { n: 3 }])
    assert.equal(service.asked.length, 3)
  })

  it('take strings, URLs and Requests, and bodies of every kind', async (t) => {
    const seen = await both(
      t,
      ({ method, body, headers }) => ({ body: `${method} ${body.length} ${headers['content-type']?.slice(0, 19)}` }),
      async ({ fetch }, url) => {
        const form = new FormData()
        form.set('name', 'value')
        const stream = () => new Blob(['str', 'eam']).stream()
        const answers = [
          await fetch(`${url}/string`, { method: 'POST', body: 'text' }),
          await fetch(new URL(`${url}/url#part`), { method: 'PUT', body: new Uint8Array([0, 255, 1]) }),
          await fetch(new Request(`${url}/request`, { method: 'POST', body: '{"a":1}' })),
          await fetch(`${url}/form`, { method: 'POST', body: form }),
          await fetch(`${url}/query`, { method: 'POST', body: new URLSearchParams({ a: 'b' }) }),
          await fetch(`${url}/stream`, { method: 'POST', body: stream(), duplex: 'half' }),
        ]
        return Promise.all(answers.map(show))
      },
    )
    assert.match(JSON.stringify(seen), /POST 4 text\/plain.*PUT 3 undefined.*POST 7.*POST 6 undefined/)
  })

  it('tell requests apart by method, query, body and selecting headers', async (t) => {
    await both(
      t,
      ({ method, query, body, headers }) => ({ body: [method, query.get('q'), body, headers.accept ?? null] }),
      async ({ fetch }, url) => {
        const inits: RequestInit[] = [
          {},
          { headers: { accept: 'text/html' } },
          { method: 'POST', body: 'a' },
          { method: 'POST', body: 'b' },
        ]
        const asked = ['1', '2'].flatMap((q) => inits.map((init) => fetch(`${url}/?q=${q}`, init)))
        return Promise.all(asked.map(async (response) => (await response).json()))
      },
    )
  })

  it('show redirects as the caller sees them', async (t) => {
    await both(
      t,
      ({ path }) => (path === '/new' ? { body: 'here' } : { status: 302, headers: { location: '/new' } }),
      async ({ fetch }, url) => {
        const followed = await fetch(`${url}/old`)
        assert.deepEqual([followed.redirected, followed.url], [true, `${url}/new`])
        const manual = await fetch(`${url}/other`, { redirect: 'manual' })
        assert.deepEqual([manual.status, manual.headers.get('location')], [302, '/new'])
        return [await show(followed), await show(manual)]
      },
    )
  })

  it('keep every byte: binary, compressed, with a byte order mark, empty, or JSON in any spelling', async (t) => {
    const bodies = [
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
      '\ufeffmarked\r\nlines\n',
      '',
      '{"a":1.0}',
      '{ "a": 1 }',
      '{"__proto__":{"x":1},"b":[null,"\\u2028"]}',
      'null',
      `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
    ]
    const seen = await both(
      t,
      ({ path }) => ({ body: bodies[Number(path.slice(1))], gzip: true }),
      async ({ fetch }, url) => Promise.all(bodies.map(async (_, i) => show(await fetch(`${url}/${i}`)))),
    )
    const texts = (seen as unknown[][]).map((one) => one.at(-1))
    assert.deepEqual(
      texts,
      bodies.map((body) => Buffer.from(body as string).toString('latin1')),
    )
  })

  it('repeat failures: statuses, 304, a body that is cut, a service that is away', async (t) => {
    const closed = await closedAddress()
    const seen = await both(
      t,
      ({ path }) =>
        path === '/cut'
          ? { body: 'half of this', cut: 4 }
          : { status: Number(path.slice(1)), headers: { 'x-n': '1', 'retry-after': '7' } },
      async ({ fetch }, url) => {
        const cut = await fetch(`${url}/cut`)
        const away = await failure(fetch(closed))
        const broken = await failure(cut.text())
        return [
          ...(await Promise.all(['304', '204', '429', '503'].map(async (n) => show(await fetch(`${url}/${n}`))))),
          [away.name, away.message, (away.cause as { code?: unknown } | undefined)?.code, broken.name, broken.message],
        ]
      },
    )
    assert.deepEqual((seen as unknown[][]).at(-1), [
      'TypeError',
      'fetch failed',
      'ECONNREFUSED',
      'TypeError',
      'terminated',
    ])
  })

  it('run programs: their output, their directory, and their failure', async (t) => {
    const seen = await both(
      t,
      () => ({}),
      async ({ exec }) => {
        const failed = await failure(exec('sh', ['-c', 'echo why >&2; exit 3']))
        return [
          await exec('sh', ['-c', 'printf "one\ntwo\n"; echo aside >&2']),
          await exec('pwd', [], { cwd: 'spec' }),
          [failed.code, failed.message, (failed as TidingsError).details],
        ]
      },
    )
    const [first] = seen as { stdout: string; stderr: string }[]
    assert.deepEqual(first, { stdout: 'one\ntwo\n', stderr: 'aside\n' })
  })

  it('show the same times, which do not pass in a replay beyond those recorded', async (t) => {
    const { file, recording } = await prepare(t)
    const times = [recording.world.now(), recording.world.now()]
    await recording.save(file)
    const { world } = await replay(file)
    assert.deepEqual([world.now(), world.now(), world.now()], [...times, times[1]])
  })

  it('find a request whose UUIDs differ, as those of deliveries do', async (t) => {
    const { service, file, recording } = await prepare(t, ({ body }) => ({ body }))
    const send = async ({ fetch }: World, n: number): Promise<string> => {
      const uuid = `0000000${n}-1111-2222-3333-444444444444`
      return (await fetch(service.url, { method: 'POST', body: `{"uuid":"${uuid}"}` })).text()
    }
    const seen = [await send(recording.world, 1), await send(recording.world, 2)]
    await recording.save(file)
    const { world } = await replay(file)
    assert.deepEqual([await send(world, 2), await send(world, 7), await send(world, 8)], [seen[1], ...seen])
  })

  it('leave an aborted request out, and honour signals', async (t) => {
    const { service, file, recording } = await prepare(t, ({ path }) =>
      path === '/hang' ? { hang: true } : { body: 'x' },
    )
    const stop = new AbortController()
    const hanging = failure(recording.world.fetch(`${service.url}/hang`, { signal: stop.signal }))
    const asleep = failure(recording.world.exec('sleep', ['60'], { signal: stop.signal }))
    await (await recording.world.fetch(`${service.url}/x`)).text()
    stop.abort(new Error('enough'))
    assert.deepEqual([(await hanging).message, (await asleep).message], ['enough', 'enough'])
    assert.equal(await recording.save(file), 1)
    const { world } = await replay(file)
    const late = { signal: AbortSignal.abort(new Error('late')) }
    assert.equal((await failure(world.fetch(`${service.url}/x`, late))).message, 'late')
    assert.equal((await failure(world.exec('true', [], late))).message, 'late')
  })

  it('do not wait for a body that the caller does not read', async (t) => {
    const { service, file, recording } = await prepare(t, () => ({
      body: 'x'.repeat(100_000),
      headers: { 'x-n': '1' },
    }))
    const response = await recording.world.fetch(service.url)
    await response.body?.cancel()
    assert.equal(await recording.save(file), 1)
    const { world } = await replay(file)
    assert.equal((await world.fetch(service.url)).headers.get('x-n'), '1')
  })
})

describe('the secrets of a recording', () => {
  const spellings = (value: string): string[] => [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    Buffer.from(value).toString('base64').replace(/=+$/, ''),
    Buffer.from(`user:${value}`).toString('base64'),
    Buffer.from(value).toString('hex'),
  ]

  it('appear nowhere in its file, and a replay needs none', async (t) => {
    const { service, file, recording, read } = await prepare(t, ({ headers, body }) => ({
      body: { echo: body, auth: headers.authorization, all: spellings(values.TOKEN ?? '') },
      headers: { 'set-cookie': 'sid=abcdef0123', 'x-echo': encodeURIComponent(values.TOKEN ?? '') },
    }))
    const work = async ({ fetch, secret, exec }: World): Promise<Response> => {
      const token = secret('TOKEN')
      await exec('echo', [token])
      await fetch(`${service.url}/hook?to=${encodeURIComponent(secret('HOOK'))}`)
      return fetch(`${service.url}/?key=${encodeURIComponent(token)}&api_key=${values.HOOK}`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`user:${token}`)}`, cookie: 'sid=abcdef0123' },
        body: JSON.stringify({ token, binary: Buffer.from(token).toString('base64') }),
      })
    }
    await (await work(recording.world)).text()
    await recording.save(file)
    const text = read()
    const inside = Buffer.from(`user:${values.TOKEN}`).toString('base64').slice(8, -4)
    for (const secret of [...spellings(values.TOKEN ?? ''), inside, values.HOOK ?? '', 'abcdef0123', 'T000']) {
      assert.ok(!text.includes(secret), `${secret} is in\n${text}`)
    }
    const { world, missing } = await replay(file)
    assert.equal(world.secret('HOOK'), 'https://placeholder.invalid/HOOK')
    assert.equal(world.secret('TOKEN'), 'placeholder-of-TOKEN')
    const response = await work(world)
    assert.equal(((await response.json()) as { all: string[] }).all[0], '[secret]')
    assert.equal(response.headers.get('set-cookie'), '[secret]')
    assert.deepEqual(missing, [])
  })

  it('are also tokens that a service issues, and passwords in forms', async (t) => {
    const { service, file, recording, read } = await prepare(t, () => ({
      body: { access_token: 'issued-0123', refresh_token: 'is"sued', expires_in: 3600 },
    }))
    const form = new URLSearchParams({ grant_type: 'password', password: 'hunter22', client_secret: 'cs-0123' })
    await (await recording.world.fetch(service.url, { method: 'POST', body: form })).json()
    await recording.save(file)
    assert.doesNotMatch(read(), /issued-0123|sued|hunter22|cs-0123/)
    assert.match(read(), /"access_token": "\[secret\]"[^]*"expires_in": 3600/)
  })

  it('are found in binary bodies', async (t) => {
    const { service, file, recording, read } = await prepare(t, () => ({
      body: Buffer.concat([Buffer.from([255, 0]), Buffer.from(values.TOKEN ?? ''), Buffer.from([254])]),
    }))
    recording.world.secret('TOKEN')
    await (await recording.world.fetch(service.url)).arrayBuffer()
    await recording.save(file)
    const [, base64 = ''] = /"base64": "([^"]+)"/.exec(read()) ?? []
    assert.equal(Buffer.from(base64, 'base64').toString('latin1'), '\xff\0[secret]\xfe')
  })
})

describe('a request that is not in the fixture', () => {
  it('fails with the nearest recorded one, and never reaches the network', async (t) => {
    const { service, file, recording } = await prepare(t)
    for (const page of [1, 2]) await recording.world.fetch(`${service.url}/items?page=${page}`)
    await recording.world.fetch(`${service.url}/tasks`, { method: 'POST', body: 'a' })
    await recording.world.exec('echo', ['a b'])
    await recording.save(file)
    const { world, missing } = await replay(file)
    const messages: string[] = []
    for (const ask of [
      () => world.fetch(`${service.url}/items?page=2&size=5`),
      () => world.fetch(`${service.url}/tasks`, { method: 'POST', body: 'b' }),
      () => world.fetch(`${service.url}/items?page=1`, { headers: { 'if-none-match': 'x' } }),
      () => world.exec('echo', ['a c']),
    ]) {
      const error = await failure(ask())
      assert.ok(hasCode(error, 'TIDINGS_FIXTURE_MISSING'))
      messages.push(error.message.replaceAll(service.url, '').replace(file, 'FILE'))
    }
    assert.deepEqual(messages, [
      'the fixture FILE has no answer to GET /items?page=2&size=5; the nearest recorded one is GET /items?page=2',
      'the fixture FILE has no answer to POST /tasks; the nearest recorded one is POST /tasks, with other body',
      'the fixture FILE has no answer to GET /items?page=1; the nearest recorded one is GET /items?page=1, with other headers',
      'the fixture FILE has no answer to the program echo "a c"; the nearest recorded one is the program echo "a b"',
    ])
    assert.equal(missing.length, 4)
    assert.equal(service.asked.length, 3)
  })
})

describe('the file of a fixture', () => {
  it('is written whole or not at all, and replaces an earlier one', async (t) => {
    const { service, file, recording, read } = await prepare(t, () => ({ body: 'x'.repeat(17 * 1024 * 1024) }))
    const unread = await recording.world.fetch(`${service.url}/?token=1`)
    assert.equal(await recording.save(file), 1)
    await unread.body?.cancel()
    const before = read()
    await (await recording.world.fetch(service.url)).text()
    const error = await failure(recording.save(file))
    assert.ok(hasCode(error, 'TIDINGS_FIXTURE_INVALID'))
    assert.match(error.message, /^the answer to GET http:\S+ is too large for a fixture: more than 16 MiB$/)
    assert.equal(read(), before)
    assert.deepEqual(readdirSync(join(file, '..')), ['fixture.json'])
  })

  it('is rejected when it is missing, damaged, newer, or wrong in any place', async (t) => {
    const { file, recording } = await prepare(t)
    await recording.save(file)
    const whole = JSON.parse(readFileSync(file, 'utf8')) as object
    const exchange = { request: { method: 'GET', url: 'http://x/' }, response: { status: 200, headers: [] } }
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      ['{', /is not JSON/],
      [[], /is not a fixture of tidings/],
      [{ ...whole, version: 2 }, /has version 2; this version of tidings reads up to 1/],
      [{ ...whole, times: ['noon'] }, /has no time in "times\[0\]", got "noon"/],
      [{ ...whole, secrets: { A: 1 } }, /has no text in "secrets.A", got 1/],
      [{ ...whole, exchanges: [null] }, /"exchanges\[0\]": it has no answer/],
      [
        { ...whole, exchanges: [{ ...exchange, response: { status: 99, headers: [] } }] },
        /"response.status" must be a status/,
      ],
      [
        { ...whole, exchanges: [{ ...exchange, request: { method: 'GET', url: 'http://x/', body: 'b' } }] },
        /"request.body" must be a body/,
      ],
    ]
    for (const [content, message] of wrong) {
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
      const error = await failure(replay(file))
      assert.ok(hasCode(error, 'TIDINGS_FIXTURE_INVALID'), error.message)
      assert.match(error.message, message)
    }
    assert.match((await failure(replay(`${file}.not`))).message, /can't be read: ENOENT/)
  })
})
