import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linkStop, onStop, Stop } from '../../lib/core/stop.ts'

describe('Stop', () => {
  it('calls back once and in order, before its signal aborts, with the reason of the first abort', () => {
    const stop = new Stop()
    const happened: unknown[] = []
    stop.signal.addEventListener('abort', () => happened.push('signal'))
    for (const name of ['a', 'b']) onStop(stop, () => happened.push(`${name} ${stop.reason}`))
    const remove = onStop(stop, () => happened.push('removed'))
    remove()
    assert.deepEqual([stop.aborted, stop.reason], [false, undefined])
    stop.abort('enough')
    stop.abort('again')
    assert.deepEqual(happened, ['a enough', 'b enough', 'signal'])
    assert.deepEqual([stop.aborted, stop.reason, stop.signal.reason], [true, 'enough', 'enough'])
  })

  it('creates its signal on first use, aborted if it has stopped', () => {
    const stop = new Stop()
    stop.abort('enough')
    assert.deepEqual([stop.signal.aborted, stop.signal.reason], [true, 'enough'])
    assert.equal(stop.signal, stop.signal)
  })

  it('stops without a reason for that of an AbortController', () => {
    const [stop, controller] = [new Stop(), new AbortController()]
    stop.abort()
    controller.abort()
    const { name, message } = stop.reason as DOMException
    assert.deepEqual([name, message], [controller.signal.reason.name, controller.signal.reason.message])
  })

  it('follows a signal, also one that has aborted', () => {
    const controller = new AbortController()
    const stop = Stop.following(controller.signal)
    assert.equal(stop.aborted, false)
    controller.abort('enough')
    assert.deepEqual([stop.aborted, stop.reason], [true, 'enough'])
    assert.equal(Stop.following(controller.signal).reason, 'enough')
  })
})

describe('onStop', () => {
  it('calls back at once if the work must end already', () => {
    let called = 0
    onStop(AbortSignal.abort(), () => called++)()
    assert.equal(called, 1)
  })
})

describe('linkStop', () => {
  it('ends with the first of several, and with none after it was unlinked', () => {
    const [a, b] = [new Stop(), new AbortController()]
    const [one, other] = [new Stop(), new Stop()]
    linkStop(one, [a, b.signal])
    linkStop(other, [a, b.signal])()
    b.abort('b')
    a.abort('a')
    assert.deepEqual([one.reason, other.aborted], ['b', false])
  })
})
