import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPark, isRetry } from '../../lib/core/control.ts'
import { hasCode } from '../../lib/core/errors.ts'
import { type GoogleSpreadsheet, type Row, spreadsheet } from '../../streams/spreadsheet.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { secretsOf } from '../support/watch-stream.ts'
import { account, type Cells, sheetOf } from './google-sheet-service.ts'

async function prepare(
  t: { after(work: () => unknown): void },
  answer: (asked: Asked) => Told,
  options: Partial<GoogleSpreadsheet> = {},
  secret = account,
) {
  const service = await localService(t, answer)
  // The address of the token is not an option.
  const ask: typeof fetch = (input, init) =>
    fetch(
      String(input instanceof Request ? input.url : input).replace('https://oauth2.googleapis.com', service.url),
      init,
    )
  const target = { spreadsheet: 'an-id', sheet: "Bob's log", baseUrl: service.url, ...options }
  const handle = spreadsheet.appendRow(target, (row: Row) => row)
  const append = (row: Row, key: string): Promise<boolean> =>
    handle(row, {
      key,
      fetch: ask,
      signal: new AbortController().signal,
      now: () => 0,
      secret: secretsOf({ GOOGLE_CREDENTIALS: secret }),
    } as never)
  const fails = (row: Row = { a: 1 }): Promise<Error> =>
    append(row, 'k').then(
      () => assert.fail('it succeeded'),
      (error: unknown) => error as Error,
    )
  return { service, append, fails }
}

describe('spreadsheet.appendRow at Google', () => {
  it('writes the header and the rows, each with its delivery', async (t) => {
    const cells: Cells = []
    const { service, append } = await prepare(t, sheetOf(cells))
    assert.equal(await append({ a: '=1+1', b: 2 }, 'k1'), true)
    assert.equal(await append({ b: 'x' }, 'k2'), true)
    assert.equal(await append({ b: 'x' }, 'k2'), false)
    assert.deepEqual(cells, [
      ['a', 'b', 'tidings'],
      ['=1+1', 2, 'k1'],
      ['', 'x', 'k2'],
    ])
    assert.equal(service.asked.filter(({ path }) => path === '/token').length, 1)
  })

  it('keeps the header of an existing sheet, and adds the column of deliveries', async (t) => {
    const cells: Cells = [
      ['b', 'a'],
      ['by', 'hand'],
    ]
    const { append } = await prepare(t, sheetOf(cells), { columns: ['ignored'] })
    await append({ a: 1 }, 'k')
    assert.deepEqual(cells, [
      ['b', 'a', 'tidings'],
      ['by', 'hand'],
      ['', 1, 'k'],
    ])
  })

  it('appends once, whichever answers are lost', async (t) => {
    const cells: Cells = []
    const { append } = await prepare(t, sheetOf(cells, { loses: true }))
    const keys = ['k1', 'k2', 'k3', 'k4', 'k5']
    for (const key of keys) {
      for (let attempt = 0; attempt < 5; attempt++) await append({ a: key }, key).catch(() => undefined)
    }
    assert.deepEqual(cells, [['a', 'tidings'], ...keys.map((key) => [key, key])])
  })

  it('lets concurrent deliveries write one header', async (t) => {
    const cells: Cells = []
    const { append } = await prepare(t, sheetOf(cells))
    await Promise.all(['k1', 'k2', 'k3'].map((key) => append({ a: key }, key)))
    assert.deepEqual(cells, [
      ['a', 'tidings'],
      ['k1', 'k1'],
      ['k2', 'k2'],
      ['k3', 'k3'],
    ])
  })

  it('finds a row by the column of the option key', async (t) => {
    const cells: Cells = [
      ['id', 'text'],
      [7, 'by hand'],
    ]
    const { append } = await prepare(t, sheetOf(cells), { key: 'id' })
    assert.deepEqual([await append({ id: 7 }, 'k1'), await append({ id: 8 }, 'k2')], [false, true])
    assert.deepEqual(cells.slice(2), [[8, '']])
  })

  it('parks rows that do not fit, and refusals', async (t) => {
    const unknown = await prepare(t, sheetOf([['b']]))
    assert.match((await unknown.fails()).message, /the sheet "Bob's log" has no column "a"; there are "b", "tidings"/)
    const keyless = await prepare(t, sheetOf([['a']]), { key: 'id' })
    assert.match((await keyless.fails()).message, /has no column "id", which the option key names/)
    const tabless = await prepare(t, sheetOf([]), { sheet: 'Other' })
    const error = await tabless.fails()
    assert.ok(isPark(error))
    assert.match(error.message, /^spreadsheet\.appendRow: GET .* answered 400 .*No such tab/)
  })

  it('tries again after a 429 or a 5xx', async (t) => {
    const token = sheetOf([])
    const told =
      (status: number, headers = {}) =>
      (asked: Asked): Told =>
        asked.path === '/token' ? token(asked) : { status, headers }
    const limited = await (await prepare(t, told(429, { 'retry-after': '60' }))).fails()
    assert.ok(isRetry(limited))
    const broken = await (await prepare(t, told(500))).fails()
    assert.ok(hasCode(broken, 'TIDINGS_HTTP_FAILED') && !isPark(broken) && !isRetry(broken))
  })

  it('waits as long as the service for tokens asks for', async (t) => {
    for (const status of [429, 503]) {
      const { service, fails } = await prepare(t, () => ({ status, headers: { 'retry-after': '60' } }))
      const limited = await fails()
      assert.equal(service.asked.length, 1)
      assert.ok(isRetry(limited), limited.message)
      assert.equal(limited.after, 60_000)
      const busy = await (await prepare(t, () => ({ status }))).fails()
      assert.ok(hasCode(busy, 'TIDINGS_HTTP_FAILED') && !isPark(busy) && !isRetry(busy), busy.message)
    }
  })

  it('parks an event whose account is refused, without showing its key', async (t) => {
    const body = { error: 'invalid_grant', error_description: 'Invalid grant: account not found' }
    const { fails } = await prepare(t, () => ({ status: 400, body }))
    const error = await fails()
    assert.ok(isPark(error))
    assert.match(error.message, /no token for the account in GOOGLE_CREDENTIALS: invalid_grant/)
    assert.equal(error.cause, undefined)
    for (const [secret, words] of [
      ['not json but secret', /it is not JSON/],
      ['{"client_email":"x"}', /expected client_email and private_key/],
    ] as const) {
      const wrong = await (await prepare(t, sheetOf([]), {}, secret)).fails()
      assert.ok(isPark(wrong))
      assert.match(wrong.message, words)
      assert.ok(!wrong.message.includes('but secret'))
    }
  })

  it('refuses misspelt options at once', () => {
    assert.throws(() => spreadsheet.appendRow({ spreadsheet: 'x', tab: 'y' } as never, () => ({ a: 1 })), {
      code: 'TIDINGS_LISTENER_INVALID',
      message: /has no "tab"/,
    })
  })
})
