import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { type LevelLog, openLog, type StoredEvent } from '../../../../lib/index.ts'
import { keys } from '../../../../lib/level/format/keys.ts'
import { decode, encode, type Head } from '../../../../lib/level/format/records.ts'
import { command } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

async function place(t: TestContext, fill: (log: LevelLog) => Promise<unknown>): Promise<string> {
  const directory = temporaryDirectory(t)
  const log = await openLog(directory)
  await fill(log)
  await log.close()
  return directory
}

const few = (log: LevelLog) =>
  log.accept([
    { type: 'mail', identifier: '1', data: { title: 'Hello' } },
    { type: 'github.push', identifier: '1', data: null },
    { type: 'github.push', identifier: 'hello', data: null },
  ])

const firsts = (stdout: string): string[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t')[0] as string)

describe('events find', () => {
  it('lists the latest event of each type with an identifier, newest first', async (t) => {
    const db = await place(t, few)
    const { code, stdout } = await command('events', 'find', '1', '--db', db)
    assert.deepEqual([code, firsts(stdout)], [0, ['2', '1']])
    const json = await command('events', 'find', '1', '--db', db, '--json')
    assert.deepEqual(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as StoredEvent).seq),
      [2, 1],
    )
    const none = await command('events', 'find', '2', '--db', db)
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'no events\n'])
  })
})

describe('events search', () => {
  it('lists the events in which the text is, newest first', async (t) => {
    const db = await place(t, few)
    const { code, stdout, stderr } = await command('events', 'search', 'HELLO', '--db', db)
    assert.deepEqual([code, firsts(stdout), stderr], [0, ['3', '1'], ''])
    const typed = await command('events', 'search', 'hello', '--type', 'git*', '--json', '--db', db)
    assert.equal((JSON.parse(typed.stdout) as StoredEvent).seq, 3)
    const none = await command('events', 'search', 'nowhere', '--db', db)
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, '', 'no events\n'])
  })

  it('says how to search on when it has found or read enough, and finds the rest so', async (t) => {
    const drafts = Array.from({ length: 250 }, (_, n) => ({ type: 'it', identifier: `i${n + 1}`, data: null }))
    const db = await place(t, (log) => log.accept(drafts))
    const first = await command('events', 'search', 'i', '--limit', '120', '--db', db)
    assert.deepEqual([firsts(first.stdout).length, firsts(first.stdout).at(-1)], [120, '131'])
    assert.equal(first.stderr, 'searched back to 131 (120 events read): search on with --before 131\n')
    const rest = await command('events', 'search', 'i', '--limit', '120', '--before', '131', '--db', db)
    assert.equal(firsts(rest.stdout)[0], '130')
    const some = await command('events', 'search', 'nowhere', '--scan', '60', '--db', db)
    assert.equal(some.stderr, 'no events\nsearched back to 191 (60 events read): search on with --before 191\n')
    const one = await command('events', 'search', 'nowhere', '--scan', '1', '--db', db)
    assert.equal(one.stderr, 'no events\nsearched back to 250 (1 event read): search on with --before 250\n')
  })
})

describe('events types', () => {
  it('lists the types with their counts and newest events', async (t) => {
    const db = await place(t, few)
    const { code, stdout } = await command('events', 'types', '--db', db)
    assert.equal(code, 0)
    assert.match(stdout, /^github\.push\t2\t3\t\d{4}-\S+\nmail\t1\t1\t\d{4}-\S+\n$/)
    const { stdout: json } = await command('events', 'types', '--db', db, '--json')
    assert.deepEqual(
      (JSON.parse(json) as { type: string; count: number }[]).map(({ type, count }) => [type, count]),
      [
        ['github.push', 2],
        ['mail', 1],
      ],
    )
    const empty = await command('events', 'types', '--db', await place(t, async () => undefined))
    assert.equal(empty.stderr, 'no events\n')
  })

  it('counts a log of an older version first', async (t) => {
    const db = await place(t, async (log) => {
      for (let n = 0; n < 21_000; n += 3000)
        await log.accept(Array.from({ length: 3000 }, (_, i) => ({ type: 'it', identifier: `${n + i}`, data: null })))
    })
    const store = new ClassicLevel(db)
    const head = decode<Head>(keys.head, (await store.get(keys.head)) as string).slice(0, 5)
    await store.put(keys.head, encode(keys.head, head))
    await store.close()
    const { code, stdout, stderr } = await command('events', 'types', '--db', db)
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^it\t21000\t21000\t/)
  })
})

describe('events show --story', () => {
  it('prints where an event comes from, what followed, and how listeners have taken it', async (t) => {
    const db = await place(t, async (log) => {
      const consumer = await log.consumer('mail', { start: 'start' })
      const idle = await log.consumer('idle', { start: 'start' })
      await log.accept([{ type: 'a', identifier: '1', data: 1 }], { job: 'poll', run: '2027-01-01T10:00:00.000Z#2' })
      await log.accept([{ type: 'b', identifier: '2', data: 2 }], { cause: 1 })
      await log.accept([{ type: 'c', identifier: '3', data: 3 }], { cause: 2 })
      const [handed] = await consumer.pull(1, new AbortController().signal)
      if (handed !== undefined) consumer.park(handed, { error: new Error('no room') })
      await consumer.flush()
      await idle.flush()
    })
    const first = await command('events', 'show', '1', '--story', '--db', db)
    assert.equal(first.code, 0)
    const lines = first.stdout.split('\n')
    assert.match(lines[0] ?? '', /^event 1, a 1, accepted \d{4}-/)
    assert.match(lines[1] ?? '', /^├─ published by job poll, run of \S+, attempt 2$/)
    assert.deepEqual(lines.slice(2, 6), [
      '├─ followed by 1 event',
      '│  └─ 2 b 2',
      '└─ 2 listeners',
      '   ├─ … idle: waiting',
    ])
    assert.match(lines[6] ?? '', /^ {3}└─ ✗ mail: parked, 1 attempt, since \S+, no room$/)
    const last = await command('events', 'show', 'c', '3', '--story', '--db', db)
    assert.match(last.stdout, /\n├─ published by a listener\n├─ caused by 2 b 2 ← 1 a 1\n├─ followed by no events\n/)
    const json = await command('events', 'show', '1', '--story', '--json', '--db', db)
    const story = JSON.parse(json.stdout) as { run: unknown; listeners: { outcome: string }[] }
    assert.deepEqual(story.run, { job: 'poll', slot: '2027-01-01T10:00:00.000Z', attempt: 2 })
    assert.deepEqual(
      story.listeners.map(({ outcome }) => outcome),
      ['waiting', 'parked'],
    )
  })
})
