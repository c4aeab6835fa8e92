import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TidingsError } from '../../lib/core/errors.ts'
import type { WriteSource } from '../../lib/log/consumer/consumer-store.ts'
import { type Saver, Saves } from '../../lib/postgres/saves.ts'
import type { Session } from '../../lib/postgres/session.ts'
import { virtualClock } from '../../lib/testing/index.ts'

/** Its answers fail with what `fails` returns. */
function server() {
  const session = {
    state: 'ready',
    fails: (_saver: unknown): Error | undefined => undefined,
    checkOpen: () => undefined,
    name: (own: string) => own,
    async write(_: string, [, , name]: readonly unknown[]) {
      const error = session.fails(name)
      if (error !== undefined) throw error
      return []
    },
  }
  const queue = { inOrder: async <T>(act: () => Promise<T>) => act() }
  const saves = new Saves(session as unknown as Session, queue, virtualClock())
  return { session, saves }
}

/** One that has something to write whenever it is asked. */
function saver(name: string): Saver & { isLost: boolean; readonly settled: readonly boolean[] } {
  const settled: boolean[] = []
  const source: WriteSource = {
    collect: () => ({ records: [{ kind: 'inFlight' }], state: [] }),
    settled: (isDurable) => void settled.push(isDurable),
  }
  return { name, epoch: 1, saved: 0, source, isLost: false, settled, alone: () => undefined, fenced: () => undefined }
}

// What became of the statement is unknown, or the server tells that it was rolled back.
const unanswered = new TidingsError('TIDINGS_LOG_FAILED', 'the connection has broken')
const deadlock = new TidingsError('TIDINGS_LOG_FAILED', 'a deadlock', {
  cause: Object.assign(new Error('deadlock detected'), { code: '40P01' }),
})

describe('the saves of consumers in PostgreSQL', () => {
  it('continue when one consumer was lost with a save in doubt', async () => {
    const { session, saves } = server()
    const [lost, other] = [saver('lost'), saver('other')]
    session.fails = (name) => (name === 'lost' ? unanswered : undefined)
    saves.enlist(lost, false)
    await assert.rejects(saves.flush(lost), { code: 'TIDINGS_LOG_FAILED' })
    saves.enlist(lost, false)
    await assert.rejects(saves.flush(lost), /what became of the last save is unknown/)
    lost.isLost = true
    saves.enlist(other, false)
    await saves.flush()
    assert.deepEqual(other.settled, [true])
  })

  it('send nothing of a consumer that was lost while its turn came', async () => {
    const { session, saves } = server()
    const lost = saver('lost')
    session.fails = () => assert.fail('it was sent')
    saves.enlist(lost, false)
    lost.isLost = true
    await saves.flush(lost)
    assert.deepEqual(lost.settled, [])
  })

  it('fail for the consumer whose save failed, and for no other', async () => {
    const { session, saves } = server()
    const [failing, other] = [saver('failing'), saver('other')]
    session.fails = (name) => (name === 'failing' ? deadlock : undefined)
    saves.enlist(failing, false)
    saves.enlist(other, false)
    await saves.flush(other)
    assert.deepEqual([failing.settled, other.settled], [[false], [true]])
  })

  it('are not in doubt after an answer that they were rolled back: the next one is sent', async () => {
    const { session, saves } = server()
    const one = saver('one')
    session.fails = () => deadlock
    saves.enlist(one, false)
    await assert.rejects(saves.flush(one), /a deadlock/)
    session.fails = () => undefined
    saves.enlist(one, false)
    await saves.flush(one)
    assert.deepEqual(one.settled, [false, true])
  })
})
