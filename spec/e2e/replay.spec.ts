import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, openLog, start as startAgent } from '../../lib/index.ts'
import { captured, command } from '../support/command.ts'
import { root, type Started, start, userFolder } from './program.ts'
import { home } from './replay-agent.ts'

const AGENT = join(root, 'spec/e2e/replay-agent.ts')

/** The log of an agent that was first started when `count` notes had been told. */
async function logOf(t: TestContext, count: number): Promise<string> {
  const directory = join(userFolder(t), 'log')
  await captured(async () => {
    const log = await openLog(directory, { warn: () => undefined })
    const notes = Array.from({ length: count }, (_, i) => ({
      type: 'note',
      identifier: `${i}`,
      data: { text: `${i}` },
    }))
    await log.accept(notes)
    const running = await startAgent(home, { log, logger: false })
    await running.drained()
    await running.stop()
    await log.close()
    return 0
  })
  return directory
}

async function runOn(t: TestContext, db: string): Promise<Started> {
  const running = start(t, join(db, '..'), 'tidings', ['run', AGENT, '--db', db])
  await running.said(/starting agent/)
  while ((await connect(db)) === undefined) await sleep(20)
  return running
}

const heardBy = (name: string, text: string): number[] =>
  [...text.matchAll(new RegExp(`^${name} heard (\\d+)`, 'gm'))].map(([, seq]) => Number(seq))

describe('tidings replay', { timeout: 120_000 }, () => {
  it('tells a resting log what its listener has never heard, once, for when the agent runs', async (t) => {
    const db = await logOf(t, 4)
    const replay = (...args: readonly string[]) => command('replay', 'late', ...args, '--db', db)
    const dry = await replay('--dry', '--json', '--id', '2')
    assert.deepEqual(
      [
        dry.code,
        dry.stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => (JSON.parse(line) as { seq: number }).seq),
      ],
      [0, [3]],
    )
    const listed = await replay('--dry')
    assert.match(listed.stdout, /^1\t\S+\tnote\t0\tskipped\n(.*\n){3}$/)
    const refused = await replay()
    assert.deepEqual(refused, {
      code: 2,
      stdout: '',
      stderr: 'tidings: 4 events would be told to listener "late": add --yes to confirm\n',
    })
    assert.deepEqual(await replay('2-3'), {
      code: 0,
      stdout: '2 events handed to listener "late", for when its agent runs\n',
      stderr: '',
    })
    const rest = await replay('--yes', '--json')
    assert.deepEqual(
      [rest.code, JSON.parse(rest.stdout)],
      [0, { listener: 'late', chosen: 2, told: 2, left: 0, after: 4 }],
    )
    assert.equal(rest.stderr, 'left out: 2 not heard yet, and come by themselves\n')
    const running = await runOn(t, db)
    await running.said(/late heard 1\nlate heard 2\nlate heard 3\nlate heard 4\n/)
    assert.deepEqual(await replay('--yes'), {
      code: 0,
      stdout: '0 events handed to listener "late"\n'.replace('0', 'no'),
      stderr: 'nothing to tell\nleft out: 4 already heard (--again tells them)\n',
    })
    const { stdout } = await running.signal('SIGTERM')
    assert.deepEqual(heardBy('late', stdout), [1, 2, 3, 4])
    assert.deepEqual(heardBy('all', stdout), [])
  })

  it('stops cleanly at Ctrl-C, and the same command continues: each event is told once', async (t) => {
    const db = await logOf(t, 30)
    const running = await runOn(t, db)
    const args = ['replay', 'late', '--yes', '--rate', '10', '--db', db]
    const first = start(t, join(db, '..'), 'tidings', args)
    await running.said(/late heard 10\n/)
    const { code, stdout, stderr } = await first.signal('SIGINT')
    assert.equal(code, 1)
    const handed = Number(/^(\d+) events handed to listener "late"\n$/.exec(stdout)?.[1])
    assert.ok(handed >= 10 && handed < 30, stdout)
    assert.equal(stderr, `stopped; ${30 - handed} events left: the same command continues\n`)
    const again = await command('replay', 'late', '--yes', '--db', db)
    assert.deepEqual([again.code, again.stdout], [0, `${30 - handed} events handed to listener "late"\n`])
    await running.said(/late heard 30\n/)
    const all = heardBy('late', (await running.signal('SIGTERM')).stdout)
    assert.deepEqual(
      all,
      Array.from({ length: 30 }, (_, i) => i + 1),
    )
  })

  it('repeats what was heard only with --again, with another key; a filter that remembers keeps its verdicts', async (t) => {
    const db = await logOf(t, 3)
    const running = await runOn(t, db)
    assert.equal((await command('replay', 'all', '2', '--db', db)).stdout, 'no events handed to listener "all"\n')
    assert.equal(
      (await command('replay', 'all', '2', '--again', '--db', db)).stdout,
      '1 event handed to listener "all"\n',
    )
    assert.equal((await command('replay', 'all', '2', '--again', '--db', db)).code, 0)
    await running.said(/all heard 2 .*\nall heard 2 /)
    const few = await command('replay', 'few', '--again', '--type', 'note', '--yes', '--db', db)
    assert.deepEqual(few, {
      code: 0,
      stdout: '3 events handed to listener "few"\n',
      stderr:
        'the filters of "few" remember: a replay feeds no memory, and events keep their verdict; 2 of the 3 do not pass\n',
    })
    await running.said(/few heard 1/)
    const { stdout } = await running.signal('SIGTERM')
    assert.equal(new Set(stdout.match(/all heard 2 \S+/g)).size, 2)
    assert.deepEqual(heardBy('few', stdout), [1])
  })

  it('rejects what it can not tell, with exit code 2', async (t) => {
    const db = await logOf(t, 1)
    for (const args of [
      ['lat'],
      ['late', '9'],
      ['late', 'x'],
      ['late', '--rate', '0'],
      ['late', '--since', 'never'],
      [],
    ]) {
      const { code, stderr } = await command('replay', ...args, '--db', db)
      assert.deepEqual([args, code, stderr.trim().split('\n').length], [args, 2, 1])
    }
  })
})
