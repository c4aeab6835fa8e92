import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryLog } from '../../lib/level/open-log.ts'
import { StateBuffer } from '../../lib/log/state-buffer.ts'

describe('the state of one run', () => {
  it('shows stored values beneath those that the run wrote, and stores nothing before a commit', async () => {
    const log = await memoryLog()
    const store = log.store('job')
    await store.set('kept', 1)
    await store.set('changed', 1)
    await store.set('deleted', 1)
    const state = new StateBuffer(store, 'job')
    state.set('changed', { a: [2] })
    state.set('null', null)
    state.delete('deleted')
    assert.equal(await state.get('kept'), 1)
    assert.deepEqual(await state.get('changed'), { a: [2] })
    assert.equal(await state.get('null'), null)
    assert.equal(await state.get('deleted'), undefined)
    assert.equal(await state.get('missing'), undefined)
    assert.equal((await store.get('changed'))?.value, 1)
    await log.accept([], { state: state.writes() })
    assert.deepEqual((await store.get('changed'))?.value, { a: [2] })
    assert.equal(await store.get('deleted'), undefined)
    await log.close()
  })

  it('keeps the last write of each key, including a deletion', async () => {
    const log = await memoryLog()
    const state = new StateBuffer(log.store('job'), 'job')
    state.set('a', 1)
    state.set('a', 2)
    state.delete('b')
    state.set('b', 3)
    state.set('c', 4)
    state.delete('c')
    assert.deepEqual(state.writes(), [
      { namespace: 'job', key: 'a', value: 2 },
      { namespace: 'job', key: 'b', value: 3 },
      { namespace: 'job', key: 'c' },
    ])
    await log.close()
  })

  it('rejects values that are not JSON when they are set, and copies the others', async () => {
    const log = await memoryLog()
    const state = new StateBuffer(log.store('job'), 'job')
    assert.throws(() => state.set('a', new Date(0)), { code: 'TIDINGS_DATA_INVALID' })
    const value = { list: [1] }
    state.set('a', value)
    value.list.push(2)
    assert.deepEqual(await state.get('a'), { list: [1] })
    await log.close()
  })
})
