import assert from 'node:assert/strict'
import type { Draft, Receipt } from '../core/event.ts'
import { MINUTE } from '../core/time-units.ts'
import { decides } from './log-accept-law.ts'
import { accept1, draft, draftsOf, type LogTests, list, refused, seqs, version } from './log-bench.ts'

/** The guarantees of `accept`, except those about versions. */
export const acceptTests: LogTests = {
  'accepts an identity once; later drafts are duplicates with the seq of the first': async ({ log, clock }) => {
    const first = await accept1(log, draft('1', 'first'))
    assert.equal(first.status, 'new')
    assert.deepEqual(first.event, { seq: first.seq, type: 'it', identifier: '1', data: 'first', created: clock.now() })
    await clock.advance(MINUTE)
    assert.deepEqual(await accept1(log, draft('1', 'second')), { status: 'duplicate', seq: first.seq })
    assert.deepEqual(await log.get('it', '1'), first.event)
    assert.deepEqual(await list(log.events()), [first.event])
  },

  'answers new to one of twenty publishers of each of 1000 identities, duplicate to nineteen, all with one seq':
    async ({ log }) => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, publisher) =>
          Promise.all(
            Array.from({ length: 1000 }, (_, i) => accept1(log, draft(`${(i + publisher * 37) % 1000}`, publisher))),
          ),
        ),
      )
      const receipts = answers.map((row, publisher) =>
        Array.from(row, (_, i) => row[(i + 1000 - publisher * 37) % 1000] as Receipt),
      )
      const found: number[] = []
      for (let i = 0; i < 1000; i++) {
        const ofOne = receipts.map((row) => row[i] as Receipt)
        const [fresh, ...others] = ofOne.filter(({ status }) => status === 'new')
        assert(fresh?.event !== undefined && others.length === 0)
        assert.equal(ofOne.filter(({ status, event }) => status === 'duplicate' && event === undefined).length, 19)
        assert(ofOne.every(({ seq }) => seq === fresh.seq))
        assert.deepEqual(await log.get('it', `${i}`), fresh.event)
        found.push(fresh.seq)
      }
      const stored = await seqs(log)
      assert.deepEqual(
        stored,
        found.toSorted((a, b) => a - b),
      )
      assert.equal(stored.length, 1000)
      if (log.dense)
        assert.deepEqual(
          stored,
          Array.from({ length: 1000 }, (_, i) => i + 1),
        )
    },

  'rejects an impossible cause, job or run of drafts, and stores nothing': async ({ log }) => {
    const wrong: [origin: object, path: string][] = [
      ...['x', 0, -1, 1.5, Number.NaN, '1', null].map((cause): [object, string] => [{ cause }, 'cause']),
      [{ job: 5 }, 'job'],
      [{ run: {} }, 'run'],
    ]
    for (const [origin, path] of wrong)
      await assert.rejects(log.accept([draft('1')], origin), refused('TIDINGS_LOG_INVALID', { path }))
    assert.equal(await log.last(), 0)
  },

  'reads each property of a draft once': async ({ log }) => {
    let reads = 0
    const fickle: Draft = {
      type: 'it',
      get identifier() {
        reads += 1
        return `${reads}`
      },
      data: null,
    }
    const { event } = await accept1(log, fickle)
    assert.equal(event?.identifier, '1')
    assert.deepEqual(await log.get('it', '1'), event)
    assert.equal((await accept1(log, draft('1'))).status, 'duplicate')
  },

  'answers new and duplicate to two equal drafts in one call': async ({ log }) => {
    const [first, second] = await log.accept([draft('1', 'a'), draft('1', 'b')])
    assert.equal(first?.status, 'new')
    assert.deepEqual(second, { status: 'duplicate', seq: first?.seq })
    assert.equal((await log.get('it', '1'))?.data, 'a')
  },

  'previews what it would answer, and stores nothing': async ({ log }) => {
    await log.accept([draft('1'), version('2', 'a')])
    const drafts = [draft('1'), draft('3'), draft('3'), version('2', 'a'), version('2', 'b'), version('4', 'a')]
    const preview = ['duplicate', 'new', 'duplicate', 'duplicate', 'changed', 'new']
    assert.deepEqual(await log.preview(drafts), preview)
    assert.deepEqual(await log.preview(drafts), preview)
    assert.equal((await list(log.events())).length, 2)
    await assert.rejects(log.preview([draft('5', 1n)]), { code: 'TIDINGS_DATA_INVALID' })
    assert.deepEqual(
      (await log.accept(drafts)).map(({ status }) => status),
      preview,
    )
    assert.deepEqual(await log.preview([]), [])
  },

  'knows the seq of a duplicate, until the identity is forgotten': async ({ log }) => {
    await log.accept([draft('1'), version('2', 'a'), version('2', 'b')])
    const [untold] = await log.accept([version('2', 'c')], { told: false })
    assert.equal(untold?.status, 'changed')
    const seqOf = async (identifier: string) => log.toldAs('it', identifier)
    for (const known of [draft('1'), version('2', 'b')]) {
      const [{ status, seq }] = (await log.accept([known])) as [Receipt]
      assert.deepEqual([status, await seqOf(known.identifier)], ['duplicate', seq])
    }
    assert.equal(await seqOf('3'), undefined)
    await log.forget('it', '1')
    assert.equal(await seqOf('1'), undefined)
  },

  'answers an empty list of drafts with an empty list': async ({ log }) => {
    assert.deepEqual(await log.accept([]), [])
  },

  'rejects the whole call for one invalid draft, and stores none of the drafts before it': async ({ log }) => {
    const before = await log.last()
    const state = [{ namespace: 'n', key: 'k', value: 1 }]
    await assert.rejects(
      log.accept([draft('1'), draft('2'), draft('3', new Date(0))], { state }),
      refused('TIDINGS_DATA_INVALID'),
    )
    assert.equal(await log.get('it', '1'), undefined)
    assert.equal(await log.store('n').get('k'), undefined)
    assert.equal(await log.last(), before)
    const receipts = await log.accept([draft('1'), draft('2')])
    assert.deepEqual(
      receipts.map(({ status }) => status),
      ['new', 'new'],
    )
    if (log.dense)
      assert.deepEqual(
        receipts.map(({ seq }) => seq),
        [before + 1, before + 2],
      )
  },

  "a duplicate's data is not looked at": async ({ log }) => {
    await log.accept([draft('1')])
    const unreadable: Draft = {
      type: 'it',
      identifier: '1',
      get data(): unknown {
        throw new Error('the data was read')
      },
    }
    assert.equal((await accept1(log, unreadable)).status, 'duplicate')
    assert.equal(
      (
        await accept1(
          log,
          draft('1', () => 'not JSON'),
        )
      ).status,
      'duplicate',
    )
    assert.equal((await accept1(log, draft('1', 'x'.repeat(300_000)))).status, 'duplicate')
  },

  'decides about each draft in order, for any drafts in any number of calls': decides,

  'stores what one publisher publishes without waiting in that order': async ({ log }) => {
    const receipts = await Promise.all(draftsOf(300).map((each) => accept1(log, each)))
    const given = receipts.map(({ seq }) => seq)
    assert.deepEqual(
      given,
      given.toSorted((a, b) => a - b),
    )
    assert.equal(new Set(given).size, 300)
  },

  'stores drafts as they were when published, even if they change while they wait for their turn': async ({ log }) => {
    const data = { n: 0 }
    const own: Draft[] = []
    // More than the write queue holds.
    const published = Array.from({ length: 10_100 }, (_, i) => {
      data.n = i
      own[0] = draft(`${i}`, data)
      return log.accept(own)
    })
    own.length = 0
    data.n = -1
    const late = log.accept([draft('0', () => 'not JSON')])
    const wrong = assert.rejects(
      log.accept([draft('late', new Date(0))]),
      refused('TIDINGS_DATA_INVALID', { path: '' }),
    )
    await Promise.all(published)
    assert.equal((await late)[0]?.status, 'duplicate')
    await wrong
    const stored = await list(log.events())
    assert.equal(stored.length, published.length)
    for (const event of stored) assert.deepEqual(event.data, { n: Number(event.identifier) })
  },

  'treats the same identifier under two types as two identities': async ({ log }) => {
    const receipts = await log.accept([draft('1', 'a', 'x'), draft('1', 'b', 'y')])
    assert.deepEqual(
      receipts.map(({ status }) => status),
      ['new', 'new'],
    )
    assert.equal((await log.get('x', '1'))?.data, 'a')
    assert.equal((await log.get('y', '1'))?.data, 'b')
    assert.equal(await log.get('z', '1'), undefined)
  },

  'stores which job published an event, and which event caused it': async ({ log }) => {
    const [receipt] = await log.accept([draft('1')], { job: 'j', run: 'r', cause: 7 })
    const { job, cause } = (await log.get('it', '1')) ?? {}
    assert.deepEqual({ job, cause }, { job: 'j', cause: 7 })
    assert.deepEqual(await log.get('it', '1'), receipt?.event)
  },

  'stores state with the drafts, even if all of them are duplicates': async ({ log }) => {
    const state = log.store('n')
    await log.accept([draft('1')], { state: [{ namespace: 'n', key: 'k', value: { seen: 1 } }] })
    assert.deepEqual(await state.get('k'), { value: { seen: 1 }, revision: 1 })
    await log.accept([draft('1')], { state: [{ namespace: 'n', key: 'k', value: 2 }] })
    assert.deepEqual(await state.get('k'), { value: 2, revision: 2 })
    await log.accept([], { state: [{ namespace: 'n', key: 'k' }] })
    assert.equal(await state.get('k'), undefined)
  },
}

/** The guarantees that hold after a close or a crash. */
export const lastingAcceptTests: LogTests = Object.fromEntries(
  (['close', 'crash'] as const).map((how) => [
    `after a ${how} every identity, version and event is known, and seqs continue`,
    async (bench) => {
      const told = [...(await bench.log.accept(draftsOf(20))), await accept1(bench.log, version('v', 'A'))]
      told.push(await accept1(bench.log, version('v', 'B')))
      await bench.log.forget('it', 'event 1')
      const last = await bench.log.last()
      const { id } = bench.log
      const log = await bench.reopen(how)
      assert.equal(log.id, id)
      assert.equal(await log.last(), last)
      assert.deepEqual(
        await list(log.events()),
        told.map(({ event }) => event),
      )
      assert.deepEqual(
        (await log.accept(draftsOf(3))).map(({ status }) => status),
        ['new', 'duplicate', 'duplicate'],
      )
      assert.deepEqual(await accept1(log, version('v', 'B')), { status: 'duplicate', seq: told.at(-1)?.seq })
      const changed = await accept1(log, version('v', 'A'))
      assert.deepEqual([changed.status, changed.event?.revision], ['changed', 3])
      assert(changed.seq > last)
    },
  ]),
)
