import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { agent, eventType, listener, memoryLog, on, start } from '../../lib/index.ts'
import { file } from '../../streams/file.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const note = eventType('note').of<{ text: string }>()

describe('file.append', () => {
  it('appends a line for each event of several listeners', async (t) => {
    const path = join(temporaryDirectory(t), 'notes.log')
    const log = await memoryLog()
    t.after(() => log.close())
    const hear = (name: string) =>
      listener(
        name,
        on(note),
        file.append(path, async (event) => `${name} ${event.data.text}`),
      )
    await using running = await start(agent('notes', [hear('a'), hear('b')]), { log, logger: false })
    for (const text of ['one', 'two']) await running.publish(note(text, { text }))
    await running.drained()
    assert.deepEqual(readFileSync(path, 'utf8').split('\n').toSorted(), ['', 'a one', 'a two', 'b one', 'b two'])
  })

  const delivery = { key: 'k', signal: new AbortController().signal } as never

  it('keeps one event on one line', async (t) => {
    const path = join(temporaryDirectory(t), 'notes.log')
    await file.append(path, () => 'a\nb\r\nc\rd \ud800\n')(undefined, delivery)
    assert.equal(readFileSync(path, 'utf8'), 'a\\nb\\nc\\nd \ufffd\n')
  })

  it('resolves to whether the line was appended now', async (t) => {
    const append = file.append(join(temporaryDirectory(t), 'notes.log'), () => 'a')
    assert.equal(await append(undefined, delivery), true)
    assert.equal(await append(undefined, delivery), false)
  })

  it('parks an event whose line is not text, or whose file is a directory', async (t) => {
    const path = join(temporaryDirectory(t), 'notes.log')
    await assert.rejects(file.append(path, () => 5 as never)(undefined, delivery), {
      name: 'Park',
      message: 'file.append: expected the text of a line, got 5',
    })
    mkdirSync(path)
    await assert.rejects(file.append(path, () => 'a')(undefined, delivery), { name: 'Park' })
  })

  it('needs a path and a function', () => {
    assert.throws(() => file.append('', () => 'a'), { code: 'TIDINGS_LISTENER_INVALID', message: /path/ })
    assert.throws(() => file.append('a', 'b' as never), { code: 'TIDINGS_LISTENER_INVALID', message: /function/ })
  })
})
