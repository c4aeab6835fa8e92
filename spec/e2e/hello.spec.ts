import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { count, type Ended, inTime, type LogLine, start, userFolder } from './program.ts'

/** Runs it until its job is done so often. */
async function runJobs(t: TestContext, folder: string, times: number, more: readonly string[] = []): Promise<Ended> {
  const running = start(t, folder, 'tidings', ['run', 'hello.ts', '--log-level', 'debug', ...more])
  await running.said(new RegExp(`("job done"[^]*){${times}}`))
  return running.signal('SIGINT')
}

/** What is logged, in the words and fields that are promised. */
function checkWords({ lines, words }: Ended, folder: string): void {
  const line = (msg: string): Record<string, unknown> => {
    const { level: _, time: __, ...fields }: Partial<LogLine> = lines.find((each) => each.msg === msg) ?? {}
    return fields
  }
  const event = { type: 'my_event_type', identifier: '123', seq: 1 }
  // It says how late it is, when it is.
  const { slot, late: _late, ...running } = line('running job')
  const { ms, ...done } = line('job done')
  assert.match(String(slot), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  assert.equal(typeof ms, 'number')
  assert.deepEqual(line('starting agent'), {
    agent: 'hello',
    log: join(folder, '.tidings/hello'),
    msg: 'starting agent',
  })
  assert.deepEqual(running, { job: 'my_job', msg: 'running job' })
  assert.deepEqual(done, { job: 'my_job', new: 1, changed: 0, duplicate: 0, msg: 'job done' })
  assert.deepEqual(line('new event'), { ...event, msg: 'new event' })
  assert.deepEqual(line('duplicate event'), { ...event, msg: 'duplicate event' })
  assert.deepEqual(line('running listener'), { listener: 'my_listener', seq: 1, attempt: 1, msg: 'running listener' })
  assert.deepEqual(line('agent stopped'), { agent: 'hello', msg: 'agent stopped' })
  assert.equal(words, '')
}

describe('the agent of the README', () => {
  it('runs its job every two seconds and its listener once, even after a restart', async (t) => {
    const folder = userFolder(t)
    const [first, inMemory] = await Promise.all([
      runJobs(t, folder, 3),
      runJobs(t, folder, 1, ['-m']).then(async (once) => [once, await runJobs(t, folder, 1, ['-m'])] as const),
    ])
    const again = await runJobs(t, folder, 1)

    assert.ok(count(first, 'running job') >= 3, first.stderr)
    assert.equal(first.stdout, 'hello world\n')
    assert.equal(count(first, 'new event'), 1)
    assert.equal(again.stdout, '')
    assert.ok(count(again, 'duplicate event') >= 1, again.stderr)
    assert.equal(count(again, 'new event'), 0)
    for (const { stdout } of inMemory) assert.equal(stdout, 'hello world\n')
    assert.deepEqual([first.code, again.code, ...inMemory.map(({ code }) => code)], [0, 0, 0, 0])
    checkWords(first, realpathSync(folder))
  })

  it('ends with code 0 in less than two seconds when interrupted or terminated', async (t) => {
    const stop = async (name: NodeJS.Signals): Promise<Ended & { readonly took: number }> => {
      const running = start(t, userFolder(t), 'tidings', ['run', 'hello.ts'])
      await running.said(/new event/)
      return running.signal(name)
    }
    for (const { code, took, stderr } of await Promise.all([stop('SIGINT'), stop('SIGTERM')])) {
      assert.equal(code, 0, stderr)
      assert.match(stderr, /agent stopped/)
      await inTime(took, 2000)
    }
  })

  it('has its log to itself: a second process ends with code 3 in less than two seconds, naming the folder', async (t) => {
    const folder = userFolder(t)
    const running = start(t, folder, 'tidings', ['run', 'hello.ts', '--db', 'its-log'])
    await running.said(/starting agent/)
    const second = await start(t, folder, 'tidings', ['run', 'hello.ts', '--db', 'its-log']).ended
    assert.equal(second.code, 3)
    await inTime(second.ms, 2000)
    assert.match(second.words, /its-log is in use by another process \(pid \d+\): agent "hello"/)
    assert.equal((await running.signal('SIGINT')).code, 0)
  })

  it('ends at once at a second signal', async (t) => {
    const endless = `
      import { agent, every, job } from 'tidings'
      process.on('SIGINT', () => console.log('interrupted'))
      export default agent('endless', [job('endless', every('10ms'), () => new Promise(() => console.log('begun')))])`
    const running = start(t, userFolder(t, { 'endless.ts': endless }), 'tidings', ['run', 'endless.ts', '-m'])
    await running.said(/begun/)
    void running.signal('SIGINT')
    await running.said(/interrupted/)
    const { code, took } = await running.signal('SIGINT')
    assert.equal(code, 1)
    await inTime(took, 2000)
  })
})
