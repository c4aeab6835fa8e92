import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { answered, answeredTest } from './answered.ts'
import { start, tidings, userFolder } from './program.ts'

const source = `
import { map } from 'rxjs'
import { agent, eventType, job, listener, manual, on } from 'tidings'
import { firstPer } from 'tidings/filters'
const tick = eventType('tick').of<{ n: number }>()
const called = (value: unknown) => { console.log('CALLED', value) }
export const first = job('first', manual(), () => [tick('a', { n: 1 }), tick('b', { n: 2 })])
export const second = job('second', manual(), () => [tick('b', { n: 2 }), tick(process.env['MORE'] ?? 'b', { n: 3 })])
export const doubled = listener('doubled', on(tick).pipe(map(({ data }) => data.n * 2)), called)
export const one = listener('one', on(tick).pipe(firstPer('type', { every: '1h' })), ({ seq }, { key }) => {
  console.log('CALLED', seq, key)
})
const bad = listener('bad', on(tick).pipe(map(() => { throw new Error('no luck') })), called)
export default agent('home', [first, second, doubled, one, ...(process.env['BAD'] === undefined ? [] : [bad])])
`

/** Every file of a log and its bytes, but for its lock. */
function bytesOf(directory: string): Record<string, string> {
  const names = readdirSync(directory).filter((name) => !/LOCK/i.test(name))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name)).toString('base64')]))
}

const json = (text: string): Record<string, unknown>[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]))

describe('--dry', { timeout: 120_000 }, () => {
  it('shows which handlers a run would call with what, calls none, and makes no log', async (t) => {
    const folder = userFolder(t, { 'home.ts': source })
    const dry = await tidings(t, folder, ['run', 'home.ts', '--dry'], { env: { TIDINGS_LOG_LEVEL: 'error' } })
    assert.deepEqual(
      [dry.code, dry.stdout.split('\n')],
      [
        0,
        [
          'first\tnew\ttick\ta\t{"n":1}',
          'first\tnew\ttick\tb\t{"n":2}',
          'second\tnew\ttick\tb\t{"n":2}',
          'second\tduplicate\ttick\tb\t{"n":3}',
          'doubled\t1\tnew\ttick\ta\tcall\t2',
          'doubled\t2\tnew\ttick\tb\tcall\t4',
          ...dry.stdout.split('\n').filter((line) => line.startsWith('one\t1\tnew\ttick\ta\tcall\t{')),
          'one\t2\tnew\ttick\tb\tdrop\t',
          '',
        ],
      ],
    )
    assert.match(dry.stderr, /^dry: handlers would be called 3 times; nothing was called or stored$/m)
    assert.equal(existsSync(join(folder, '.tidings')), false)
    const bad = await tidings(t, folder, ['run', 'home.ts', '--dry', '--only', 'first'], { env: { BAD: 'yes' } })
    assert.equal(bad.code, 1)
    assert.match(bad.stdout, /^bad\t1\tnew\ttick\ta\tfail\tno luck$/m)
  })

  it('goes by the log: duplicates, the backlog, what filters remember; the log stays as it is, byte by byte', async (t) => {
    const folder = userFolder(t, { 'home.ts': source })
    const real = await answered(folder, ['run', 'home.ts', '--once'])
    assert.equal(real.code, 0, real.stderr)
    await answered(folder, ['listeners', 'reset', 'doubled', '--to', '2'])
    const log = join(folder, '.tidings/home')
    const before = bytesOf(log)
    const args = ['run', 'home.ts', '--dry', '--json']
    const dry = await answered(folder, args, { env: { MORE: 'c' } })
    assert.deepEqual(bytesOf(log), before)
    const effects = json(dry.stdout).filter((each) => 'would' in each)
    assert.deepEqual(
      effects.map(({ listener, status, would, event }) => [listener, status, would, (event as { seq: number }).seq]),
      [
        ['doubled', 'stored', 'call', 2],
        ['doubled', 'new', 'call', 3],
        ['one', 'new', 'drop', 3],
      ],
    )
    const running = start(t, folder, 'tidings', ['run', 'home.ts'])
    await running.said(/starting agent/)
    const refused = await answered(folder, args)
    assert.equal(refused.code, 3)
    assert.equal((await running.signal('SIGTERM')).code, 0)
  })

  it('tries a job and a listener without a call or a log', async (t) => {
    const folder = userFolder(t, { 'home.ts': source })
    const dry = await answeredTest(folder, ['--dry', '-j', 'home.first', '-l', 'home.doubled'])
    assert.deepEqual(
      [dry.code, dry.stdout.split('\n').slice(2)],
      [0, ['doubled\t1\tnew\ttick\ta\tcall\t2', 'doubled\t2\tnew\ttick\tb\tcall\t4', '']],
    )
    assert.equal(existsSync(join(folder, '.tidings')), false)
    assert.equal((await answeredTest(folder, ['-j', 'home.first'])).code, 0)
    const before = bytesOf(join(folder, '.tidings/test'))
    const again = await answeredTest(folder, ['--dry', '-t', 'tick', '-l', 'home.doubled'])
    assert.match(again.stdout, /^doubled\t1\tstored\ttick\ta\tcall\t2\n/)
    assert.deepEqual(bytesOf(join(folder, '.tidings/test')), before)
    assert.equal((await answeredTest(folder, ['--dry', '-r', '-j', 'home.first'])).code, 2)
  })
})
