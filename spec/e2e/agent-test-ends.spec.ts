import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { folderOf, myJob, myListener, new1, rows } from './example.ts'
import { inTime, start } from './program.ts'

describe('agent-test', () => {
  it('ends at once with code 1 and the error when the job or the listener fails, whatever its retries', async (t) => {
    const { started } = folderOf(t)
    const [bad, later, failing] = await Promise.all([
      started('-m', '-j', 'example.bad'),
      started('-m', '-j', 'example.later'),
      started('-m', ...myJob, '-l', 'example.failing'),
    ])
    for (const ended of [bad, later, failing]) {
      assert.equal(ended.code, 1)
      await inTime(ended.ms, 5000)
    }
    assert.match(bad.words, /job "bad" failed: no luck/)
    assert.match(bad.stderr, /example\.ts:10/)
    assert.deepEqual(rows(failing), [new1, ['heard', 'my_event_type', '123', '1', 'failed: listener down']])
    assert.match(failing.words, /the listener failed on 1 of 1 event/)
  })

  it('reports events that did not pass the filters of a listener, and prints one object with --json', async (t) => {
    const { test } = folderOf(t)
    const [picky, json] = await Promise.all([
      test('-m', '-j', 'example.two', '-l', 'example.picky'),
      test('-m', '-j', 'example.two', '-l', 'example.picky', '--json'),
    ])
    assert.deepEqual(
      rows(picky)
        .slice(3)
        .map(([, , id, , outcome]) => `${id} ${outcome}`),
      ['a did not pass its filters', 'b handled'],
    )
    const report = JSON.parse(json.stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown[]>
    assert.deepEqual(Object.keys(report), ['run', 'published', 'heard'])
    assert.deepEqual(report.heard, [
      { seq: 1, type: 'my_event_type', identifier: 'a', values: 0 },
      { seq: 2, type: 'my_event_type', identifier: 'b', values: 1 },
    ])
  })

  it('reports that no stored event matches, or that the listener does not listen to it', async (t) => {
    const { test } = folderOf(t)
    await test('-j', 'example.two')
    const [none, unheard] = [await test(...myListener, '-t', 'my_evnt_type'), await test(...myListener, '-t', 'other')]
    assert.match(none.words, /\.tidings\/test has no event of type my_evnt_type; did you mean "my_event_type"\?/)
    assert.match(unheard.words, /the listener does not listen to events of type other/)
    assert.deepEqual([none.code, unheard.code], [0, 0])
  })

  it('ends an endless job when interrupted', async (t) => {
    const { folder } = folderOf(t)
    const running = start(t, folder, 'agent-test', ['-m', '-j', 'example.endless', ...myListener])
    await running.said(/running my listener/)
    const { code, took } = await running.signal('SIGINT')
    assert.equal(code, 0)
    await inTime(took, 2000)
  })
})
