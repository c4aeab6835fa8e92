import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { agent, eventType, listener, memoryLog, on, start } from '../../lib/index.ts'
import { dashboard, type WriteJsonOptions } from '../../streams/dashboard.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const reading = eventType('reading').of<{ place: string; value: number }>()

function prepare(t: TestContext) {
  const folder = temporaryDirectory(t)
  const path = join(folder, 'dashboard.json')
  const { signal } = new AbortController()
  const write = (value: unknown, seq: number, options: WriteJsonOptions & { created?: number } = {}) => {
    const { created = seq, ...rest } = options
    return dashboard.writeJson(path, () => value, rest)(undefined, { event: { seq, created }, signal } as never)
  }
  return { folder, path, write, read: () => JSON.parse(readFileSync(path, 'utf8')) as unknown }
}

describe('dashboard.writeJson', () => {
  it('writes the parts of several listeners into one document', async (t) => {
    const { path, read } = prepare(t)
    const log = await memoryLog()
    t.after(() => log.close())
    const hear = (place: string) =>
      listener(
        place,
        on(reading),
        dashboard.writeJson(path, async ({ data }) => ({ [place]: data.value })),
        { concurrency: 3, ordered: false },
      )
    const last = listener(
      'last',
      on(reading),
      dashboard.writeJson(path, ({ data }) => data, { key: 'last' }),
    )
    await using running = await start(agent('home', [hear('a'), hear('b'), last]), { log, logger: false })
    for (let n = 0; n < 10; n++) await running.publish(reading(String(n), { place: 'x', value: n }))
    await running.drained()
    assert.deepEqual(read(), { a: 9, b: 9, last: { place: 'x', value: 9 } })
  })

  it('leaves the other members and their order as they are', async (t) => {
    const { path, write, read } = prepare(t)
    writeFileSync(path, '{ "title": "Home", "weather": 1, "__proto__": { "a": 1 } }')
    await write({ weather: { rain: true }, buses: null }, 1)
    assert.equal(JSON.stringify(read()), '{"title":"Home","weather":{"rain":true},"__proto__":{"a":1},"buses":null}')
  })

  it('removes an undefined member', async (t) => {
    const { write, read } = prepare(t)
    await write({ a: 1, b: 2 }, 1)
    await write({ a: undefined }, 2)
    await write(undefined, 3, { key: 'c' })
    assert.deepEqual(read(), { b: 2 })
  })

  it('lets the newest event win, for each part', async (t) => {
    const { write, read } = prepare(t)
    await write({ a: 'new', b: 'new' }, 2)
    assert.equal(await write({ a: 'old', c: 'old' }, 1), true)
    assert.deepEqual(read(), { a: 'new', b: 'new', c: 'old' })
    assert.equal(await write({ a: 'old' }, 1), false)
    await write({ a: 'same event, next value' }, 2)
    assert.deepEqual(read(), { a: 'same event, next value', b: 'new', c: 'old' })
  })

  it('takes the events of a new log, and those after a clock was set back', async (t) => {
    const { write, read } = prepare(t)
    await write({ a: 1 }, 500, { created: 1000 })
    await write({ a: 2 }, 1, { created: 2000 })
    assert.deepEqual(read(), { a: 2 })
    await write({ a: 3 }, 2, { created: 100 })
    assert.deepEqual(read(), { a: 3 })
  })

  it('replaces the file at once, keeps its mode, and writes nothing when nothing changed', async (t) => {
    const { folder, path, write } = prepare(t)
    assert.equal(await write({ a: 1 }, 1), true)
    chmodSync(path, 0o640)
    const { ino } = statSync(path)
    assert.equal(await write({ a: 1 }, 2), false)
    assert.equal(statSync(path).ino, ino)
    assert.equal(await write({ a: 2 }, 3), true)
    assert.notEqual(statSync(path).ino, ino)
    assert.equal(statSync(path).mode & 0o777, 0o640)
    assert.deepEqual(readdirSync(join(folder, '.dashboard.json.tidings')), ['writers'])
  })

  it('replaces what a link leads to, not the link', async (t) => {
    const { folder, path, write, read } = prepare(t)
    writeFileSync(join(folder, 'real.json'), '')
    symlinkSync('real.json', path)
    await write({ a: 1 }, 1)
    assert.deepEqual(read(), { a: 1 })
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'real.json'), 'utf8')), { a: 1 })
  })

  it('parks an event rather than overwrite a file that is not a document', async (t) => {
    const { path, write } = prepare(t)
    for (const contents of ['{"a":', '[1]', 'null', 'My notes']) {
      writeFileSync(path, contents)
      await assert.rejects(write({ a: 1 }, 1), { name: 'Park', message: /is not overwritten: move it away$/ })
      assert.equal(readFileSync(path, 'utf8'), contents)
    }
  })

  it('parks what is not JSON, or has no members', async (t) => {
    const { write } = prepare(t)
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    for (const value of [circle, { a: 1n }, 5, [1], null, undefined]) {
      await assert.rejects(write(value, 1), { name: 'Park', message: /^dashboard\.writeJson: / })
    }
    await write([1], 1, { key: 'list' })
  })

  it('parks the event if the path is a directory', async (t) => {
    const { path, write } = prepare(t)
    mkdirSync(path)
    await assert.rejects(write({ a: 1 }, 1), { name: 'Park', message: /is not a file/ })
  })

  it('refuses misspelt options at once', () => {
    assert.throws(() => dashboard.writeJson('', () => ({})), { code: 'TIDINGS_LISTENER_INVALID', message: /path/ })
    assert.throws(() => dashboard.writeJson('a.json', 5 as never), { message: /needs a function/ })
    assert.throws(() => dashboard.writeJson('a.json', () => ({}), { kee: 'a' } as never), { message: /"kee"/ })
  })
})
