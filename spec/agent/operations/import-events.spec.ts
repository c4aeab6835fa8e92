import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { engineDraft } from '../../../lib/core/engine-types.ts'
import { type LevelLog, memoryLog, operations, type StoredEvent } from '../../../lib/index.ts'
import { list, refused, takeAll } from '../../../lib/testing/log-bench.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'

async function someLog(t: TestContext): Promise<LevelLog> {
  const log = await memoryLog({ clock: virtualClock() })
  t.after(() => log.close())
  return log
}

async function* ndjson(values: readonly unknown[]): AsyncGenerator<Uint8Array> {
  for (const value of values) yield Buffer.from(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
}

const bring = (log: LevelLog, values: readonly unknown[]) => operations(log).events.import(ndjson(values))
const line = (identifier: string, rest: object = {}) => ({ type: 't', identifier, data: 1, ...rest })

/** A log with an event of every sort. */
async function history(t: TestContext): Promise<StoredEvent[]> {
  const log = await someLog(t)
  await log.accept([line('plain')], { job: 'job', run: 'run' })
  for (const version of ['A', 'B', 'A']) await log.accept([line('v', { version })])
  await log.accept([line('made', { transformed: true })], { cause: 1 })
  await log.accept([engineDraft('tidings.job.failed', 'job 1', { job: 'job' })])
  return list(log.events())
}

describe('events of another log', () => {
  it('are stored unchanged except for their cause, and untold', async (t) => {
    const events = await history(t)
    const log = await someLog(t)
    await log.accept([line('here already')])
    const consumer = await log.consumer('c', { start: 'start' })
    assert.deepEqual(await bring(log, events), { events: 6, new: 4, changed: 2, duplicate: 0 })
    const stored = await list(log.events({ after: 1 }))
    assert.deepEqual(
      stored,
      events.map(({ cause: _, seq, ...event }) => ({ ...event, seq: seq + 1 })),
    )
    assert.equal((await takeAll(log, consumer, 1)).length, 1)
  })

  it('are skipped if they are known, each revision too', async (t) => {
    const events = await history(t)
    const log = await someLog(t)
    await bring(log, events.slice(0, 3))
    for (const known of [3, 6, 6]) {
      assert.equal((await bring(log, events)).duplicate, known)
      assert.equal(await log.last(), events.length)
    }
  })

  it('may be written by hand: the default time is now, and empty lines are ignored', async (t) => {
    const log = await someLog(t)
    const answer = await bring(log, [
      '{"type":"t","identifier":"1","data":null}\r',
      '',
      '  ',
      line('2', { created: 5 }),
    ])
    assert.equal(answer.events, 2)
    assert.deepEqual(
      (await list(log.events())).map(({ created }) => created),
      [log.clock.now(), 5],
    )
  })

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['no JSON', '{"type":', /expected an event as JSON, got "\{\\"type\\":"/],
    ['no object', [1], /expected an event as a JSON object, got an array of 1/],
    ['no type', { identifier: 'x', data: 1 }, /an event needs "type"/],
    ['no data', { type: 't', identifier: 'x' }, /an event needs "data"/],
    ['a part that nobody knows', line('x', { tpye: 't' }), /an event takes no "tpye"; it takes: type, identifier/],
    ['a number as identifier', { type: 't', identifier: 5, data: 1 }, /"identifier" must be text, got 5/],
    ['an empty identifier', line(''), /the identifier of a draft of "t" must be a string of 1 to 1024 bytes/],
    [
      'a time that is none',
      line('x', { created: '2027-01-01' }),
      /"created" must be a whole number, not negative, got "2027-01-01"/,
    ],
    ['a revision that is none', line('x', { version: 'A', revision: 0 }), /revision .* from 1 on, got 0/],
    ['data that is too large', line('x', { data: 'x'.repeat(300_000) }), /the data is 300002 bytes of JSON/],
  ]
  for (const [what, value, words] of wrong) {
    it(`are rejected at a line with ${what}; those before it are kept`, async (t) => {
      const log = await someLog(t)
      const before = Array.from({ length: 1100 }, (_, i) => line(`${i}`))
      const refusal = bring(log, [...before, value, line('never')])
      await assert.rejects(refusal, refused('TIDINGS_IMPORT_INVALID', { line: 1101 }))
      await assert.rejects(refusal, words)
      await assert.rejects(refusal, /^TidingsError: line 1101: .*; the lines before it are imported$/)
      const stored = (await list(log.events())).map(({ identifier }) => identifier)
      assert.deepEqual(
        stored.slice(0, 1100),
        before.map(({ identifier }) => identifier),
      )
    })
  }

  it('are skipped and listed at invalid lines, on request', async (t) => {
    const log = await someLog(t)
    const good = Array.from({ length: 1100 }, (_, i) => line(`${i}`))
    const bad = wrong.map(([, value]) => value)
    const values = [good[0], ...bad, ...good.slice(1), 'nonsense']
    const { skipped, ...answer } = await operations(log).events.import(ndjson(values), { skip: true })
    assert.deepEqual(answer, { events: 1100, new: 1100, changed: 0, duplicate: 0 })
    assert.equal(await log.last(), 1100)
    assert.equal(skipped?.count, bad.length + 1)
    assert.deepEqual(
      skipped.first.map((each) => each.line),
      [...bad.map((_, i) => i + 2), values.length],
    )
    for (const [i, [, , words]] of wrong.entries()) assert.match(skipped.first[i]?.message ?? '', words)
    const many = Array.from({ length: 150 }, () => 'nonsense')
    const again = await operations(log).events.import(ndjson(many), { skip: true })
    assert.deepEqual([again.skipped?.count, again.skipped?.first.length], [150, 100])
    const end = async function* () {
      yield Buffer.from('nonsense\n')
      yield Buffer.from([0xff])
    }
    const refusal = operations(log).events.import(end(), { skip: true })
    await assert.rejects(refusal, refused('TIDINGS_IMPORT_INVALID', { line: 2 }))
    await log.close()
    const closed = operations(log).events.import(ndjson([good[0]]), { skip: true })
    await assert.rejects(closed, refused('TIDINGS_LOG_CLOSED'))
  })

  it('are rejected at the first of several bad lines, at bytes that are not UTF-8, and at an endless line', async (t) => {
    const log = await someLog(t)
    const identifiers = ['a', '', 'b', '']
    await assert.rejects(
      bring(
        log,
        identifiers.map((each) => line(each)),
      ),
      refused('TIDINGS_IMPORT_INVALID', { line: 2 }),
    )
    const { events } = operations(log)
    const bytes = async function* (...pieces: Uint8Array[]) {
      yield* pieces
    }
    const refusedAt = (at: number) => refused('TIDINGS_IMPORT_INVALID', { line: at })
    await assert.rejects(events.import(bytes(Buffer.from('\n\n'), Buffer.from([0xff]))), refusedAt(3))
    // That the second is no JSON is known at once; that the first can't be accepted, a moment later.
    await assert.rejects(events.import(bytes(Buffer.from(`${JSON.stringify(line(''))}\nnonsense\n`))), refusedAt(1))
    const endless = Array.from({ length: 10 }, () => Buffer.alloc(1024 * 1024, 'x'))
    await assert.rejects(events.import(bytes(...endless)), refusedAt(1))
  })

  it('are no longer read when the source breaks, or the log is closed', async (t) => {
    const log = await someLog(t)
    const { events } = operations(log)
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield* ndjson([line('1')])
      throw new Error('the disk is gone')
    }
    await assert.rejects(events.import(broken()), /^Error: the disk is gone$/)
    assert.equal(await log.last(), 1)
    await log.close()
    await assert.rejects(bring(log, [line('2')]), refused('TIDINGS_LOG_CLOSED'))
  })

  it('are held in memory a few at a time, however fast they come', async (t) => {
    const log = await someLog(t)
    let ahead = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let i = 1; i <= 4000; i++) {
        ahead = Math.max(ahead, i - (await log.last()))
        yield Buffer.from(`${JSON.stringify(line(`${i}`))}\n`)
      }
    }
    assert.equal((await operations(log).events.import(endless())).new, 4000)
    assert.ok(ahead <= 2000, `${ahead} were read ahead`)
  })
})
