import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as v from 'valibot'
import type { Draft, Receipt } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { Publisher } from '../../lib/core/publisher.ts'
import { unhandled } from '../support/agent-harness.ts'

const made = eventType('made').of<{ n: number }>()
const checked = eventType('checked', v.object({ n: v.pipe(v.string(), v.transform(Number)) }))
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A publisher whose offers are answered when the test says so. */
function publisher() {
  const offered: { draft: Draft; answer: (receipt?: Receipt) => void; refuse: (error: unknown) => void }[] = []
  const all = new Publisher(
    (draft) =>
      new Promise((resolve, reject) => {
        const answer = (receipt: Receipt = { status: 'new', seq: 1 }): void => resolve(receipt)
        offered.push({ draft, answer, refuse: reject })
      }),
  )
  return { all, offered }
}

describe('Publisher', () => {
  it('creates drafts from event types and from names', async () => {
    const { all, offered } = publisher()
    void all.publish(made, '1', { n: 1 })
    void all.publish('made', '2', { n: 2 })
    void all.publish(checked, '3', { n: '3' })
    void all.offer(made('4', { n: 4 }))
    assert.deepEqual(
      offered.map(({ draft: { type, identifier, data } }) => [type, identifier, data]),
      [
        ['made', '1', { n: 1 }],
        ['made', '2', { n: 2 }],
        ['checked', '3', { n: 3 }],
        ['made', '4', { n: 4 }],
      ],
    )
  })

  it('resolves to the receipt, and settles after every publish, also those made meanwhile', async () => {
    const { all, offered } = publisher()
    const receipt = all.publish(made, '1', { n: 1 })
    let settled = false
    void receipt.then(() => all.publish(made, '2', { n: 2 })).catch(() => undefined)
    const settling = all.settle().then(() => (settled = true))
    await turn()
    assert.deepEqual([settled, all.pending], [false, 1])
    offered[0]?.answer({ status: 'duplicate', seq: 7 })
    assert.deepEqual(await receipt, { status: 'duplicate', seq: 7 })
    await turn()
    assert.deepEqual([settled, all.pending], [false, 1])
    offered[1]?.refuse(new Error('no'))
    await settling
    assert.deepEqual([all.pending, all.failures.map(({ message }) => message)], [0, ['no']])
  })

  it('settles at once when nothing is pending', async () => {
    await publisher().all.settle()
  })

  it('remembers rejected publishes, caught or not, and raises no unhandledRejection', async () => {
    const { all, offered } = publisher()
    const seen = await unhandled(async () => {
      void all.publish('made', '1', 1)
      const caught = all.publish('made', '2', 1).catch((error) => error.message)
      void all.publish(checked, '3', { n: 4 as never })
      void all.publish(undefined as never, '4', 1)
      for (const [i, { refuse }] of offered.entries()) refuse(i === 0 ? new Error('no') : 'no error at all')
      await all.settle()
      assert.equal(await caught, '"no error at all"')
    })
    assert.deepEqual(seen, [])
    assert.equal(all.failures.length, 4)
    const codes = all.failures.map((error) => (error as { code?: string }).code ?? error.message)
    assert.deepEqual(codes.toSorted(), ['"no error at all"', 'TIDINGS_SCHEMA_FAILED', 'TIDINGS_TYPE_INVALID', 'no'])
  })

  it('raises none for promises chained to a rejected publish, caught or not', async () => {
    const { all, offered } = publisher()
    const caught: string[] = []
    const seen = await unhandled(async () => {
      void all.publish('made', 'then', 1).then(() => 'never')
      void all
        .publish('made', 'thens', 1)
        .then(() => 'never')
        .then(undefined)
        .finally(() => undefined)
      void all
        .publish('made', 'catch', 1)
        .then(() => 'never')
        .catch((error) => caught.push((error as Error).message))
      const awaited = (async () => {
        await all.publish('made', 'await', 1).then(() => 'never')
      })().catch((error: Error) => caught.push(error.message))
      for (const { draft, refuse } of offered) refuse(new Error(`no ${draft.identifier}`))
      await all.settle()
      await awaited
    })
    assert.deepEqual(seen, [])
    assert.deepEqual(caught.toSorted(), ['no await', 'no catch'])
    assert.equal(all.failures.length, 4)
  })

  it('does not hide errors of chained callbacks', async () => {
    const { all, offered } = publisher()
    const caught: string[] = []
    const seen = await unhandled(async () => {
      void all.publish('made', '1', 1).then(() => {
        throw new Error('mine')
      })
      const heard = all.publish('made', '2', 1).then(() => {
        throw new Error('mine, and caught')
      })
      heard.catch(({ message }: Error) => caught.push(message))
      for (const { answer } of offered) answer()
      await all.settle()
    })
    assert.deepEqual(
      [seen, caught].flat().map((error) => (error instanceof Error ? error.message : error)),
      ['mine', 'mine, and caught'],
    )
    assert.deepEqual(all.failures, [])
  })

  it('rejects publishes after its end, and names what ended', async () => {
    const { all, offered } = publisher()
    const before = all.publish(made, '1', { n: 1 })
    all.end('the run of job "x"')
    const seen = await unhandled(async () => {
      void all.publish(made, 'unheard', { n: 2 })
      await assert.rejects(all.publish(made, '2', { n: 2 }), {
        code: 'TIDINGS_RUN_ENDED',
        message: /the run of job "x" had ended/,
      })
      await assert.rejects(all.offer(made('3', { n: 3 })), { code: 'TIDINGS_RUN_ENDED' })
    })
    assert.deepEqual(seen, [])
    assert.equal(offered.length, 1)
    // An earlier publish still gets its answer.
    offered[0]?.answer()
    assert.equal((await before).status, 'new')
  })
})
