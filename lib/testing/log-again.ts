import assert from 'node:assert/strict'
import type { Receipt } from '../core/event.ts'
import { accept1, draft, type LogTests, list, refused, version } from './log-bench.ts'

/** The guarantees about repeated events: versions and `forget`. */
export const againTests: LogTests = {
  'accepts a versioned identity each time its version differs from the last: A, B, A are three revisions': async ({
    log,
  }) => {
    const told = [
      await accept1(log, version('1', 'A')),
      await accept1(log, version('1', 'A')),
      await accept1(log, version('1', 'B')),
      await accept1(log, version('1', 'A')),
      await accept1(log, version('1', 'A')),
    ]
    assert.deepEqual(
      told.map(({ status }) => status),
      ['new', 'duplicate', 'changed', 'changed', 'duplicate'],
    )
    assert.deepEqual(
      told.map(({ event }) => event?.revision),
      [1, undefined, 2, 3, undefined],
    )
    assert.equal(told[1]?.seq, told[0]?.seq)
    assert.equal(told[4]?.seq, told[3]?.seq)
    assert.deepEqual(await log.get('it', '1'), told[3]?.event)
    assert.deepEqual(
      (await list(log.events())).map(({ data }) => data),
      ['A', 'B', 'A'],
    )
  },

  'compares a version with the version told last, or with the version stored last if none was told': async ({
    log,
  }) => {
    const record = async (data: string): Promise<Receipt> =>
      (await log.accept([version('1', data)], { told: false }))[0] as Receipt
    const answers = [
      await record('A'),
      await accept1(log, version('1', 'A')),
      await record('B'),
      await accept1(log, version('1', 'C')),
      await record('D'),
      await accept1(log, version('1', 'C')),
      await record('E'),
      await accept1(log, version('1', 'E')),
      await accept1(log, draft('1')),
    ]
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['new', 'duplicate', 'changed', 'changed', 'changed', 'duplicate', 'changed', 'changed', 'duplicate'],
    )
    const [first, third, last] = [answers[0], answers[3], answers[7]]
    assert.deepEqual(
      [answers[1]?.seq, answers[5]?.seq, answers[8]?.seq],
      [first, third, last].map((each) => each?.seq),
    )
    assert.deepEqual(
      answers.flatMap(({ event }) => event?.revision ?? []),
      [1, 2, 3, 4, 5, 6],
    )
    assert.deepEqual(await log.get('it', '1'), answers[7]?.event)
  },

  'may tell a forgotten identity again, and keeps its event': async ({ log }) => {
    const first = await accept1(log, draft('1', 'a'))
    assert.equal(await log.forget('it', '1'), true)
    assert.equal(await log.get('it', '1'), undefined)
    assert.equal(await log.forget('it', '1'), false)
    const again = await accept1(log, draft('1', 'b'))
    assert.equal(again.status, 'new')
    assert(again.seq > first.seq)
    assert.deepEqual(await list(log.events()), [first.event, again.event])
    assert.equal(await log.forget('it', 'never seen'), false)
  },

  'forgets between two publishes, even if the caller waits for neither': async ({ log }) => {
    const first = accept1(log, draft('1', 'a'))
    const forgotten = log.forget('it', '1')
    const second = accept1(log, draft('1', 'b'))
    assert.deepEqual([(await first).status, await forgotten, (await second).status], ['new', true, 'new'])
    assert.equal((await log.get('it', '1'))?.data, 'b')
  },

  'rejects get and forget of an invalid identity, and finds no other in its place': async ({ log }) => {
    const { event } = await accept1(log, draft('\ufffd'))
    for (const ask of [log.get.bind(log), log.forget.bind(log)]) {
      for (const wrong of ['\ud800', '', 7, undefined]) {
        await assert.rejects(ask('it', wrong as string), refused('TIDINGS_IDENTIFIER_INVALID'))
        await assert.rejects(ask(wrong as string, '1'), refused('TIDINGS_TYPE_INVALID'))
      }
    }
    assert.deepEqual(await log.get('it', '\ufffd'), event)
  },
}
