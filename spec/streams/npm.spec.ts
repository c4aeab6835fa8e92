import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { streamLaws } from '../../lib/testing/index.ts'
import { type NpmOptions, npm } from '../../streams/npm.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { localService } from '../support/local-service.ts'
import { draftsOf, secretsOf, watchStream } from '../support/watch-stream.ts'
import { type Published, serve } from './npm-service.ts'

const at = (day: number, skew = 0): string => new Date(Date.UTC(2026, 0, day) + skew).toISOString()

httpSourceSuite({
  name: 'npm',
  stream: (baseUrl) => npm({ packages: ['rxjs'], baseUrl, backfill: 100 }),
  serve: (items, skewOf) => serve(items.map((n) => ({ version: `1.${n}.0`, at: at(n, skewOf?.(n)) }))),
  renumbering: {
    serve: (items) =>
      serve(
        items.toReversed().map((n) => ({ version: `1.${n}.0`, at: at(n + 1) })),
        { next: '1.1.0' },
      ),
    outcome: 'known',
    because: 'a version has no other id than its name',
  },
  pages: 'the document of a package has all versions',
  conditional: true,
})

const laws = streamLaws((options: NpmOptions) => npm(options), {
  options: { packages: ['@types/node'], prereleases: true, baseUrl: 'https://registry.example' },
  wire: fc.record({
    version: fc
      .tuple(fc.nat(3), fc.nat(3), fc.constantFrom('', '-rc.1', '+build-1'))
      .map(([a, b, c]) => `${a}.${b}.0${c}`),
    at: fc.nat(30).map((day) => at(day)),
  }),
  truth: ({ version }: Published) => version,
  serve: (sent) => async (input) => {
    const { pathname: path } = new URL(new Request(input).url)
    return Response.json(serve(sent)({ method: 'GET', path, query: new URLSearchParams(), headers: {}, body: '' }).body)
  },
  numRuns: 9,
})
describe('the npm stream', () => {
  for (const [name, law] of Object.entries(laws)) it(name, law)
})

describe('the versions of a package', () => {
  const history: Published[] = [
    { version: '2.0.0', at: at(3) },
    { version: '1.0.0', at: at(1), deprecated: 'use 2' },
    { version: '2.0.0-rc.1', at: at(2) },
    { version: '1.0.1+build-7', at: at(4) },
  ]
  const tags = { latest: '2.0.0', next: '2.0.0-rc.1', '2.x': '2.0.0' }

  const published = async (t: { after(work: () => unknown): void }, options: Partial<NpmOptions> = {}) => {
    const service = await localService(t, serve(history, tags))
    const drafts = await draftsOf(npm({ packages: ['rxjs'], baseUrl: service.url, ...options }))
    return drafts.map(({ identifier }) => identifier)
  }

  it('are published by date, without pre-releases', async (t) => {
    assert.deepEqual(await published(t), ['rxjs@1.0.0', 'rxjs@2.0.0', 'rxjs@1.0.1+build-7'])
    assert.equal((await published(t, { prereleases: true }))[1], 'rxjs@2.0.0-rc.1')
  })

  it('are those that a tag points to', async (t) => {
    assert.deepEqual(await published(t, { tags: ['latest', 'next'] }), ['rxjs@2.0.0-rc.1', 'rxjs@2.0.0'])
    assert.deepEqual(await published(t, { tags: ['beta'] }), [])
  })

  it('wait for a tag that points to them', async (t) => {
    const service = await localService(t, serve(history, { latest: '1.0.0' }))
    const { see, told } = await watchStream(t, npm({ packages: ['rxjs'], baseUrl: service.url, tags: ['latest'] }))
    await see()
    service.answer(serve(history, { latest: '2.0.0' }))
    await see()
    assert.deepEqual(
      told.map(({ identifier }) => identifier),
      ['rxjs@2.0.0'],
    )
  })

  it('say what the registry knows of them', async (t) => {
    const service = await localService(t, serve(history, tags))
    const drafts = await draftsOf(npm({ packages: ['@acme/tool'], baseUrl: service.url }))
    const description = 'A package for tests.'
    assert.deepEqual(drafts.map(({ data }) => data).slice(0, 2), [
      { name: '@acme/tool', version: '1.0.0', published: at(1), tags: [], description, deprecated: 'use 2' },
      { name: '@acme/tool', version: '2.0.0', published: at(3), tags: ['latest', '2.x'], description },
    ])
    assert.equal(service.asked[0]?.path, '/@acme%2ftool')
  })

  it('are recorded at the first look of each package', async (t) => {
    const service = await localService(t, serve(history))
    const { see, told } = await watchStream(t, npm({ packages: ['a', 'b', 'a'], baseUrl: service.url }))
    await see('npm.a')
    service.answer(serve([...history, { version: '3.0.0', at: at(9) }]))
    await see('npm.a')
    await see('npm.b')
    assert.deepEqual(
      told.map(({ identifier }) => identifier),
      ['a@3.0.0'],
    )
  })

  it('come from the short document when the full one is too large', async (t) => {
    const short = 'application/vnd.npm.install-v1+json'
    const service = await localService(t)
    service.answer((asked) => {
      if (asked.headers.accept !== short) return { body: Buffer.alloc(33 * 1024 * 1024, 0x20), gzip: true }
      const { time: _, ...body } = serve(history)(asked).body as Record<string, unknown>
      return { body, headers: { etag: '"1"' } }
    })
    const { see, told } = await watchStream(t, npm({ packages: ['rxjs'], baseUrl: service.url, backfill: 9 }))
    await see()
    assert.deepEqual(
      told.map(({ data }) => (data as { published?: string }).published),
      [undefined, undefined, undefined],
    )
    await see()
    assert.deepEqual(
      service.asked.map(({ headers }) => [headers.accept, headers['if-none-match']]),
      [
        ['application/json', undefined],
        [short, undefined],
        [short, '"1"'],
      ],
    )
  })

  it('end when the package is unpublished', async (t) => {
    const unpublished = { time: at(9), versions: ['1.0.0'] }
    const service = await localService(t, () => ({ body: { _id: 'x', name: 'x', time: { unpublished } } }))
    assert.deepEqual(await draftsOf(npm({ packages: ['x'], baseUrl: service.url })), [])
  })

  it('are skipped where they are malformed', async (t) => {
    const body = `{"name":"x","dist-tags":null,"time":{"1.0.0":7},"versions":{
      "1.0.0":{"description":7,"deprecated":false},"1.0.1":null,"":{},"__proto__":{"version":"y"},"2.0.0":[]}}`
    const service = await localService(t, () => ({ body }))
    const drafts = await draftsOf(npm({ packages: ['x'], baseUrl: service.url }))
    assert.deepEqual(
      drafts.map(({ identifier, data }) => [identifier, data]),
      [
        ['x@1.0.0', { name: 'x', version: '1.0.0', tags: [] }],
        ['x@__proto__', { name: 'x', version: '__proto__', tags: [] }],
      ],
    )
  })

  it('are asked for with the token', async (t) => {
    const service = await localService(t, serve(history))
    const stream = npm({ packages: ['x'], baseUrl: service.url, token: 'NPM_TOKEN' })
    await draftsOf(stream, { secret: secretsOf({ NPM_TOKEN: 'abc' }) })
    assert.equal(service.asked[0]?.headers.authorization, 'Bearer abc')
  })
})

describe('the options of npm', () => {
  it('are refused by name', () => {
    for (const name of ['', '../x', '@a', '@a/b/c', 'a b', 7]) {
      const options = { packages: [name] } as NpmOptions
      assert.throws(() => npm(options), {
        code: 'TIDINGS_STREAM_INVALID',
        message: /packages: .*the name of a package/,
      })
    }
    assert.throws(() => npm({} as NpmOptions), /packages: .* got nothing/)
  })
})
