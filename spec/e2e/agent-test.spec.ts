import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openLog } from '../../lib/index.ts'
import { type Answered, answered, answeredTest } from './answered.ts'
import { duplicate, folderOf, heard, myJob, myListener, new1, rows } from './example.ts'

describe('agent-test', () => {
  it('runs a job, keeps its events between runs, and delivers only new or requested events', async (t) => {
    const { test, started, folder } = folderOf(t)
    const first = await started(...myJob)
    assert.equal(first.code, 0, first.stderr)
    assert.deepEqual(rows(first), [new1])
    assert.ok(existsSync(join(folder, '.tidings/test/CURRENT')))

    const both = await test(...myJob, ...myListener)
    assert.deepEqual([both.code, rows(both)], [0, [duplicate]])
    assert.doesNotMatch(both.stdout, /running my listener/)

    const again = await test(...myListener, '-t', 'my_event_type')
    assert.deepEqual([again.code, rows(again)], [0, [heard]])
    assert.match(again.stdout, /^running my listener\nhello world\n/)
    assert.doesNotMatch(again.stdout, /running my job/)

    const jobAndAgain = await test(...myJob, ...myListener, '-t', 'my_event_type')
    assert.deepEqual(rows(jobAndAgain), [duplicate, heard])

    const removed = await test('-r', ...myJob, ...myListener, '-t', 'my_event_type')
    assert.deepEqual([removed.code, rows(removed), removed.words.trim()], [0, [new1, heard], ''])

    const joined = await started('-jexample.myJob', '-lexample.myListener', '-tmy_event_type')
    assert.deepEqual([joined.code, rows(joined)], [0, [duplicate, heard]])
  })

  it('leaves no cursor behind, even after delivering events again', async (t) => {
    const { test, folder } = folderOf(t)
    assert.deepEqual(rows(await test(...myJob, ...myListener)), [new1, heard])
    assert.deepEqual(rows(await test(...myListener, '-t', 'my_event_type')), [heard])
    const log = await openLog(join(folder, '.tidings/test'))
    t.after(() => log.close())
    const names: string[] = []
    for await (const { name } of log.consumers()) names.push(name)
    assert.deepEqual(names, [])
  })

  it('delivers again by type, by identifier, or by both', async (t) => {
    const { test } = folderOf(t)
    await test('-j', 'example.two')
    const ids = (ended: Answered): string[] => rows(ended).map(([, type, id]) => `${type} ${id}`)
    const emit = async (...args: readonly string[]): Promise<string[]> =>
      ids(await test('-l', 'example.chained', ...args))
    assert.deepEqual(await emit('-i', 'b'), ['other b', 'my_event_type b', 'other b'])
    assert.deepEqual(await emit('-id', 'a'), ['other a', 'my_event_type a', 'other a'])
    assert.deepEqual(await emit('-id=a', '-t', 'other'), ['other a'])
    assert.deepEqual(await emit('--emit-id', 'a', '--emit-type', 'my_*'), ['other a', 'my_event_type a'])
  })

  it('keeps nothing with -m, accepts -r with it, and finds files in other folders and by extension', async (t) => {
    const { test, folder } = folderOf(t)
    const all = await Promise.all([
      test('-m', ...myJob, ...myListener),
      test('-m', '-r', ...myJob, ...myListener),
      test('-m', '-j', 'example.ts#myJob', '-l', './example.myListener'),
      test('-m', '-j', 'jobs/example.myJob', '-l', 'jobs/example.mts#myListener'),
    ])
    for (const ended of all) assert.deepEqual([ended.code, rows(ended)], [0, [new1, heard]], ended.stderr)
    assert.equal(existsSync(join(folder, '.tidings')), false)
  })

  it('finds jobs and listeners of a file by their names, also those that functions and streams have made', async (t) => {
    const { folder } = folderOf(t)
    const made = `
      import { agent, defineStream, eventType, job, listener, manual, on } from 'tidings'
      const greeting = eventType('my_event_type').of<{ payload: string }>()
      const poll = (name: string) => job('poll_' + name, manual(), () => greeting('123', { payload: name }))
      const shop = defineStream({ name: 'shop', summary: 'x', events: { greeting }, jobs: () => [poll('shop')] })
      export const jobs = [[poll('a')], poll('b')]
      export default agent('home', [...['c', 'd'].map(poll), shop({}), listener('hear_it', on(greeting), () => undefined)])`
    writeFileSync(join(folder, 'home.ts'), made)
    for (const name of ['poll_a', 'poll_b', 'poll_d', 'shop.poll_shop']) {
      const ended = await answeredTest(folder, ['home.ts', '-m', '-j', name, '-l', 'hear_it'])
      assert.deepEqual([ended.code, rows(ended)], [0, [new1, heard]], ended.stderr)
    }
    assert.deepEqual(rows(await answeredTest(folder, ['-m', 'example', '-j', 'my_job', '-l', 'myListener'])), [
      new1,
      heard,
    ])
  })

  it('is the same as tidings test', async (t) => {
    const { folder } = folderOf(t)
    assert.deepEqual(rows(await answered(folder, ['test', '-m', ...myJob, ...myListener])), [new1, heard])
  })
})
