import assert from 'node:assert/strict'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { shown } from '../faults/results.ts'
import type { Said } from '../support/command.ts'
import { command } from './answered.ts'
import { type Started, start, tidings } from './program.ts'
import { folderWithLogs, runOn } from './steering.ts'
import { later, type Row, rows } from './steering-rows.ts'

const values = (text: string): unknown[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]))

/** A value without these facts. */
function without(value: unknown, facts: readonly string[]): unknown {
  if (facts.includes('*')) return undefined
  if (typeof value !== 'object' || value === null) return value
  const below = (key: string): string[] =>
    facts.flatMap((fact) => (fact.startsWith(key) ? [fact.slice(key.length)] : []))
  if (Array.isArray(value)) return value.map((each) => without(each, below('*.')))
  const kept = Object.entries(value).filter(([key]) => !facts.includes(key))
  return Object.fromEntries(kept.map(([key, each]) => [key, without(each, below(`${key}.`))]))
}

/** What is wrong with the answers to one command line, of a log and of an agent. */
async function compare({ args, code, differs }: Row, stopped: string, running: string): Promise<unknown[]> {
  const codes = typeof code === 'number' ? { stopped: code, running: code } : code
  const ask = async (db: string, ...more: string[]): Promise<Said> => {
    const { stderr, ...said } = await command(...args.split(' '), ...more, '--db', db)
    return { ...said, stderr: stderr.replaceAll(db, 'HERE') }
  }
  const facts = ({ stdout }: Said): unknown => values(stdout).map((each) => without(each, differs?.facts ?? []))
  const inJson = { stopped: await ask(stopped, '--json'), running: await ask(running, '--json') }
  // Once more, in words, where those can differ: what is done already is said to be.
  const again = differs === undefined && code === 0
  const inWords = again ? { stopped: await ask(stopped), running: await ask(running) } : undefined
  const fits =
    inJson.stopped.code === codes.stopped &&
    inJson.running.code === codes.running &&
    (differs?.facts.includes('*') || isDeepStrictEqual(facts(inJson.stopped), facts(inJson.running))) &&
    (differs !== undefined || inJson.stopped.stderr === inJson.running.stderr) &&
    isDeepStrictEqual(inWords?.stopped, inWords?.running)
  return fits ? [] : [{ args, codes, inJson, inWords }]
}

describe('a command', { timeout: 120_000 }, () => {
  it('gives the same answers and has the same effects whether or not an agent runs', async (t) => {
    const folder = await folderWithLogs(t)
    const running = await runOn(t, folder)
    const logs = [join(folder, 'stopped'), join(folder, 'running')] as const
    const wrong: unknown[] = []
    for (const row of rows) wrong.push(...(await compare(row, ...logs)))
    assert.equal((await running.signal('SIGTERM')).code, 0)
    for (const row of later) wrong.push(...(await compare(row, ...logs)))
    assert.deepEqual(wrong, [])
    for (const log of logs) {
      const listeners = values((await command('listeners', 'ls', '--json', '--db', log)).stdout)
      const cursors = (listeners as { name: string; cursor: number }[]).map(({ name, cursor }) => [name, cursor])
      // When it was paused, it had heard three notes, and passed by what was told of that, or not yet.
      const broken = Number(cursors[0]?.[1])
      assert.ok(broken >= 3 && broken <= 6, `${broken}`)
      assert.deepEqual(cursors, [
        ['broken', broken],
        ['quick', 8],
        ['rested', 8],
      ])
      assert.equal((await command('parked', 'ls', '--json', '--db', log)).stdout, '')
    }
    shown({
      row: 'commands',
      tier: 'fast',
      rounds: `${rows.length + later.length} command lines`,
      result: 'the same answers, exit codes and effects',
    })
  })
})

/** How often it has printed this. */
const times = (running: Started, words: string): number => running.printed().split(`${words}\n`).length - 1

describe('a running agent', { timeout: 60_000 }, () => {
  it('follows commands at once, and still after a restart', async (t) => {
    const folder = await folderWithLogs(t)
    const db = join(folder, 'running')
    const steer = async (...args: readonly string[]): Promise<void> => {
      const { code, stderr } = await command(...args, '--db', db)
      assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
    }
    const first = await runOn(t, folder)
    await steer('jobs', 'resume', 'often')
    await first.said(/often ran\noften ran/)
    await steer('jobs', 'pause', 'often')
    const ran = times(first, 'often ran')
    await steer('listeners', 'resume', 'resting')
    await first.said(/resting heard 7\nresting heard 8/)
    await steer('listeners', 'reset', 'quick', '--to', 'start')
    await first.said(/quick heard 1\nquick heard 2\nquick heard 3\nquick heard 7\nquick heard 8/)
    await steer('listeners', 'rename', 'resting', 'rested')
    await steer('listeners', 'pause', 'quick')
    await steer('parked', 'retry', 'broken', '2')
    await steer('jobs', 'run', 'fresh')
    await first.said(/resting heard 9/)
    await steer('listeners', 'resume', 'broken')
    await first.said(/broken heard 2/)
    await sleep(250)
    assert.ok(times(first, 'often ran') <= ran + 1, 'a run that went on may end, and no other begins')
    assert.equal(times(first, 'quick heard 9'), 0)
    await first.signal('SIGTERM')

    // Its code calls it by the new name now.
    const second = await runOn(t, folder, { RESTING: 'rested' })
    await steer('jobs', 'run', 'fresh')
    await second.said(/rested heard 10/)
    await second.said(/broken heard 10/)
    assert.deepEqual([times(second, 'often ran'), times(second, 'quick heard 10')], [0, 0])
    await steer('listeners', 'resume', 'quick')
    await second.said(/quick heard 9\nquick heard 10/)
    const { stdout } = await second.signal('SIGTERM')
    assert.equal(stdout.match(/rested heard/g)?.length, 1)
    assert.equal(stdout.match(/broken heard [123]\b/g), null)
  })

  it('destroys nothing without --yes when there is no terminal', async (t) => {
    const folder = await folderWithLogs(t)
    await runOn(t, folder)
    const db = join(folder, 'running')
    const destroying = [
      ['parked', 'drop', 'broken', '--all'],
      ['listeners', 'skip', 'broken'],
      ['listeners', 'reset', 'broken', '--to', 'now'],
    ]
    const before = await command('listeners', 'ls', '--json', '--db', db)
    for (const args of destroying) {
      const { code, stderr } = await command(...args, '--db', db)
      assert.deepEqual([code, stderr.trim().split('\n').length], [2, 1])
      assert.match(stderr, /^tidings: .*: add --yes to confirm\n$/)
    }
    assert.deepEqual(await command('listeners', 'ls', '--json', '--db', db), before)
    for (const args of destroying) assert.equal((await command(...args, '--yes', '--db', db)).code, 0)
    const [broken] = values((await command('listeners', 'ls', '--json', '--db', db)).stdout) as { parked: number }[]
    assert.deepEqual(broken, { ...broken, name: 'broken', cursor: 8, behind: 0, parked: 0 })
  })

  it('has its log to itself; after a kill, the next command and the next agent work', async (t) => {
    const folder = await folderWithLogs(t)
    const db = join(folder, 'running')
    const first = await runOn(t, folder)
    const tail = start(t, folder, 'tidings', ['events', 'tail', '-f', '-n', '1', '--db', 'running'])
    await tail.said(/^8\t.*\tnote\te\t/)
    const second = await tidings(t, folder, ['run', 'hello.ts', '--db', 'running'])
    assert.equal(second.code, 3)
    assert.match(
      second.words,
      /^tidings: the log in .*running is in use by another process \(pid \d+\): agent "home"\n$/,
    )
    await command('jobs', 'run', 'fresh', '--db', db)
    await tail.said(/^9\t/m)
    const asked = command('jobs', 'run', 'slow', '--db', db)
    await first.said(/slow began/)
    await first.signal('SIGKILL')
    const wentAway = 'tidings: the agent went away before it answered\n'
    assert.deepEqual(await asked, { code: 1, stdout: '', stderr: wentAway })
    assert.ok(lstatSync(join(db, 'agent.sock')).isSocket(), 'nobody was there to remove it')
    assert.deepEqual(await command('events', 'count', '--db', db), { code: 0, stdout: '9\n', stderr: '' })
    await tail.said(/no agent runs on running; waiting for one/)
    const next = await runOn(t, folder)
    assert.equal((await command('status', '--db', db)).code, 0)
    await command('jobs', 'run', 'fresh', '--db', db)
    await tail.said(/^10\t/m)
    // Whoever asked for a run asks for it again.
    assert.equal(times(next, 'slow began'), 0)
    const { code, stdout } = await tail.signal('SIGINT')
    assert.equal(code, 0)
    // In a pipe it is lines, each event once, and nothing else.
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split('\t').length),
      [5, 5, 5],
    )
    assert.doesNotMatch(stdout, /\u001b|\r/)
  })
})
