import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from '../../lib/index.ts'
import { answered } from './answered.ts'
import { start, tidings, userFolder } from './program.ts'

const nasty = 'a\u001b[31m\nb\t\u202ec'

async function folderWithLog(t: TestContext): Promise<string> {
  const folder = userFolder(t, { 'hello2.ts': "import { agent } from 'tidings'\nexport default agent('hello', [])\n" })
  const log = await openLog(join(folder, '.tidings/hello'))
  await log.accept([
    { type: 'github.push', identifier: '1', data: { by: 'ann' } },
    { type: 'github.star', identifier: '2', data: { by: 'bob' } },
    { type: 'mail', identifier: nasty, data: { text: nasty } },
  ])
  await log.consumer('left_behind', { start: 'start' })
  await log.close()
  return folder
}

const columns = (text: string): string[][] =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))

describe('the output of commands', () => {
  it('is plain text in a pipe: one event per line, tabs between cells, no invisible characters', async (t) => {
    const folder = await folderWithLog(t)
    const { code, stdout, stderr } = await tidings(t, folder, ['events', 'ls'])
    assert.deepEqual([code, stderr], [0, ''])
    const rows = columns(stdout)
    assert.deepEqual(
      rows.map(([seq, , type]) => `${seq} ${type}`),
      ['1 github.push', '2 github.star', '3 mail'],
    )
    assert.deepEqual(rows[0]?.slice(3), ['1', '{"by":"ann"}'])
    assert.match(rows[0]?.[1] ?? '', /^\d{4}-\d\d-\d\dT/)
    assert.equal(rows[2]?.[3], 'a\\u001b[31m\\nb\\t\\u202ec')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the question
    assert.doesNotMatch(stdout, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  })

  it('is plain text also where it quotes an error: no terminal controls, no forged lines', async (t) => {
    const words = JSON.stringify(`bad ${nasty}`)
    const bad = `job('bad', manual(), () => { throw new Error(${words}) })`
    const text = `import { agent, job, manual } from 'tidings'\nexport const bad = ${bad}\nexport default agent('a', [bad])\n`
    const folder = userFolder(t, { 'bad.ts': text, 'worse.ts': `throw new Error(${words})\n` })
    const dry = await answered(folder, ['jobs', 'run', 'bad', 'bad.ts', '--dry'])
    assert.equal(
      dry.words,
      'tidings: job "bad" would publish nothing\ntidings: job "bad" would fail: bad a\\u001b[31m\n  b\\t\\u202ec\n',
    )
    for (const args of [
      ['test', '-j', 'bad.bad'],
      ['run', 'worse.ts'],
    ]) {
      const { code, words: said } = await answered(folder, args)
      assert.ok(code !== 0 && said.includes('bad a\\u001b[31m\n  b\\t\\u202ec'), said)
    }
  })

  it('is one JSON object per line with --json, with the same content', async (t) => {
    const folder = await folderWithLog(t)
    const { stdout } = await answered(folder, ['events', 'ls', '--json'])
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      events.map(({ seq }) => seq),
      [1, 2, 3],
    )
    assert.equal(events[2]?.identifier, nasty)
    assert.deepEqual(events[2]?.data, { text: nasty })
    assert.doesNotMatch(stdout, /\u202e/)
    const shown = await answered(folder, ['events', 'show', '3', '--json'])
    assert.deepEqual(JSON.parse(shown.stdout), events[2])
  })

  it('filters by type, identifier and time, and follows order and limit', async (t) => {
    const folder = await folderWithLog(t)
    const ids = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await answered(folder, ['events', 'ls', '--json', ...args])
      assert.equal(code, 0, stderr)
      return stdout
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => String((JSON.parse(line) as { seq: number }).seq))
        .join(' ')
    }
    assert.equal(await ids('--type', 'github.*'), '1 2')
    assert.equal(await ids('--type', 'github.push', '--type', 'mail'), '1 3')
    assert.equal(await ids('--id', '2'), '2')
    assert.equal(await ids('--reverse', '--limit', '2'), '3 2')
    assert.equal(await ids('--since', '1h', '--until', '0s'), '1 2 3')
    assert.equal(await ids('--until', '1h'), '')
    assert.equal(await ids('--until', '2020-01-31'), '')
    assert.equal((await answered(folder, ['events', 'count', '--type', 'github.*'])).stdout, '2\n')
    assert.equal(await ids('--where', 'type ~ "github.*" and seq > 1'), '2')
    const { stderr } = await answered(folder, ['events', 'ls', '--where', 'seq >'])
    assert.match(stderr, /column 6: expected a value, got the end\n {4}seq >\n {9}\^/)
    assert.equal((await answered(folder, ['events', 'count', '--json'])).stdout, '{"count":3}\n')
    const wrong = await answered(folder, ['events', 'ls', '--since', 'tomorrow'])
    assert.equal(wrong.code, 2)
    assert.match(wrong.words, /"since" must be a date such as 2027-01-31, or a time ago such as 2h, got "tomorrow"/)
  })

  it('shows one event by its seq or by its type and identifier, or reports that it does not exist', async (t) => {
    const folder = await folderWithLog(t)
    const show = (...args: readonly string[]) => answered(folder, ['events', 'show', ...args])
    const bySeq = await show('2')
    const byName = await show('github.star', '2')
    const none = await show('9')
    const nobody = await show('github.star', '9')
    assert.equal((JSON.parse(bySeq.stdout) as { type: string }).type, 'github.star')
    assert.equal(byName.stdout, bySeq.stdout)
    assert.deepEqual([none.code, none.words.trim()], [1, 'tidings: there is no event 9; the newest is 3'])
    assert.deepEqual([nobody.code, nobody.words.trim()], [1, 'tidings: there is no event "github.star" "9"'])
  })

  it('lists jobs and listeners and, with the file of an agent, its orphans', async (t) => {
    const folder = await folderWithLog(t)
    assert.equal((await tidings(t, folder, ['run', 'hello.ts', '--once', '--log-level', 'error'])).code, 0)
    const run = ['done', '1', '0', '.', '-']
    const jobs = columns((await answered(folder, ['jobs', 'ls'])).stdout)
    assert.deepEqual(
      jobs.map(([name, schedule, next, , ...rest]) => [name, schedule, next, ...rest]),
      [['my_job', '-', '-', ...run]],
    )
    const planned = columns((await answered(folder, ['jobs', 'ls', 'hello.ts'])).stdout)
    assert.deepEqual(
      planned.map(([name, schedule, , , ...rest]) => [name, schedule, ...rest]),
      [['my_job', 'every 2 seconds', ...run]],
    )
    assert.match(planned[0]?.[2] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/)
    const past = columns((await answered(folder, ['jobs', 'history', 'my_job'])).stdout)
    assert.deepEqual(
      past.map(([, status, attempt, , , ...rest]) => [status, attempt, ...rest]),
      [['done', '1', '1', '0', '0', '-']],
    )
    const listeners = columns((await answered(folder, ['listeners', 'ls', 'hello.ts'])).stdout)
    assert.deepEqual(
      listeners.map((row) => [row[0], row[2], row.at(-1)]),
      [
        ['left_behind', '4', 'orphaned'],
        ['my_listener', '0', '-'],
      ],
    )
    const json = await answered(folder, ['listeners', 'ls', '--json'])
    assert.equal(json.stdout.trim().split('\n').length, 2)
  })

  it('comes from the only log, or from the one given; reading creates no log', async (t) => {
    const folder = await folderWithLog(t)
    const other = await answered(folder, ['events', 'count', '--db', 'typo'])
    assert.deepEqual([other.code, existsSync(join(folder, 'typo'))], [1, false])
    // What else is in that folder is no log.
    writeFileSync(join(folder, '.tidings/credentials.json'), '{}')
    assert.equal((await answered(folder, ['events', 'count'])).stdout, '3\n')
    const log = await openLog(join(folder, '.tidings/second'))
    await log.close()
    const several = await answered(folder, ['events', 'count'])
    assert.deepEqual(
      [several.code, several.words.trim()],
      [2, 'tidings: .tidings has several logs: choose one with --agent hello, --agent second'],
    )
    const env = { TIDINGS_DB: '.tidings/hello' }
    assert.equal((await answered(folder, ['events', 'count'], { env })).stdout, '3\n')
    assert.equal((await answered(folder, ['events', 'count', '--agent', 'second'], { env })).stdout, '0\n')
  })

  it('ends quietly when the reader closes the pipe', async (t) => {
    const folder = userFolder(t)
    const log = await openLog(join(folder, '.tidings/hello'))
    await log.accept(
      Array.from({ length: 5000 }, (_, n) => ({ type: 't', identifier: String(n), data: 'x'.repeat(100) })),
    )
    await log.close()
    const command = `"${process.execPath}" "${join(import.meta.dirname, '../../dist/bin/tidings.js')}" events ls | head -n 1`
    const { execFile } = await import('node:child_process')
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
      execFile('sh', ['-c', command], { cwd: folder }, (_error, out, err) => resolve({ stdout: out, stderr: err }))
    })
    assert.match(stdout, /^1\t.*\n$/)
    assert.equal(stderr, '')
  })

  it('stops an agent, as a signal does, when the reader closes the pipe', async (t) => {
    const chatty = `
      import { agent, every, job } from 'tidings'
      export default agent('chatty', [job('chat', every('20ms'), () => console.log('a line'))])`
    const running = start(t, userFolder(t, { 'chatty.ts': chatty }), 'tidings', ['run', 'chatty.ts'])
    await running.said(/a line/)
    running.unread()
    const { code, lines } = await running.ended
    assert.equal(code, 0)
    assert.equal(lines.filter(({ msg }) => msg === 'standard output fails').length, 1)
    assert.equal(lines.at(-1)?.msg, 'agent stopped')
  })

  it('does not stop an agent when its output can not be written', async (t) => {
    const chatty = `
      import { agent, every, job } from 'tidings'
      export default agent('chatty', [job('chat', every('20ms'), () => console.log('a line'))])`
    const folder = userFolder(t, { 'chatty.ts': chatty })
    const full = openSync('/dev/full', 'w')
    t.after(() => closeSync(full))
    const running = start(t, folder, 'tidings', ['run', 'chatty.ts', '-m'], { stdout: full })
    await running.said(/("job done"[^]*){5}/)
    const { code, lines } = await running.signal('SIGTERM')
    assert.equal(code, 0)
    assert.equal(lines.filter(({ msg }) => msg === 'standard output fails').length, 1)
  })

  it('does not stop an agent when its log lines can not be written either', async (t) => {
    const folder = userFolder(t, {
      'mute.ts': `
        import { appendFileSync } from 'node:fs'
        import { agent, every, job, listener, on } from 'tidings'
        let n = 0
        const chat = job('chat', every('20ms'), ({ publish }) => {
          console.log('a line')
          console.error('a line')
          setTimeout(() => { throw new Error('in a timer') }, 1)
          void Promise.reject(new Error('of nobody'))
          process.stderr.write('a line')
          if ((n += 1) % 3 === 0) throw new Error('a failure')
          return publish('heard', String(n), n)
        })
        export default agent('mute', [
          chat,
          listener('hear', on('heard'), ({ data }) => appendFileSync('heard', data + '\\n')),
        ])`,
    })
    const full = openSync('/dev/full', 'w')
    t.after(() => closeSync(full))
    const running = start(t, folder, 'tidings', ['run', 'mute.ts'], { stdout: full, stderr: full })
    const heard = join(folder, 'heard')
    let over = false
    void running.ended.then(() => (over = true))
    while (!over && (!existsSync(heard) || readFileSync(heard, 'utf8').split('\n').length < 5)) await sleep(10)
    assert.equal(over, false)
    assert.equal((await running.signal('SIGTERM')).code, 0)
    assert.equal((await tidings(t, folder, ['events', 'ls'], { stdout: full, stderr: full })).code, 1)
  })

  it('reports, with code 3, a log in use by a process that answers no commands', async (t) => {
    const folder = userFolder(t)
    const log = await openLog(join(folder, '.tidings/hello'))
    t.after(() => log.close())
    const { code, words } = await tidings(t, folder, ['events', 'ls'])
    assert.equal(code, 3)
    assert.match(words, /\.tidings\/hello is in use/)
  })

  it('reports it after one attempt when the process on the socket is slow to answer', async (t) => {
    const folder = userFolder(t)
    const directory = join(folder, '.tidings/hello')
    const log = await openLog(directory)
    t.after(() => log.close())
    let asked = 0
    const busy = createServer((socket) => {
      asked += 1
      // Longer than an agent that has just begun would take.
      setTimeout(() => socket.destroy(), 1200)
    })
    await new Promise<void>((resolve) => busy.listen(join(directory, 'agent.sock'), resolve))
    t.after(() => new Promise((resolve) => busy.close(resolve)))
    const { code, words } = await tidings(t, folder, ['status'])
    assert.equal(code, 3)
    assert.match(words, /\.tidings\/hello is in use by another process \(pid \d+\), where no agent answers\n$/)
    assert.equal(asked, 1)
  })
})
