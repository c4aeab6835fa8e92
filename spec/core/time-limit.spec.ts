import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { StoppableWork, withLinkedSignal, withTimeLimit } from '../../lib/core/time-limit.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { unhandled } from '../support/agent-harness.ts'

const late = () => new Error('late')
const never = () => new Promise<never>(() => undefined)

describe('withTimeLimit', () => {
  it('settles as its work does, and then aborts its signal', async () => {
    const clock = virtualClock()
    const limit = { clock, timeout: 1000, signals: [], late }
    let signal: AbortSignal | undefined
    const value = await withTimeLimit(limit, async (inner) => {
      signal = inner.signal
      assert.equal(inner.aborted, false)
      return 5
    })
    assert.deepEqual([value, signal?.aborted, clock.timers], [5, true, 0])
    await assert.rejects(
      withTimeLimit(limit, async () => {
        throw new Error('no')
      }),
      /no/,
    )
    assert.equal(clock.timers, 0)
  })

  it('rejects when its work throws, also synchronously, and leaves no timer', async () => {
    const clock = virtualClock()
    const broken = () => {
      throw new Error('no')
    }
    await assert.rejects(withTimeLimit({ clock, timeout: 1000, signals: [], late }, broken), /no/)
    assert.equal(clock.timers, 0)
  })

  it('rejects when the time is up: the signal aborts with the same error, and the work is abandoned', async () => {
    const clock = virtualClock()
    let signal: AbortSignal | undefined
    let error: unknown
    const ended = withTimeLimit({ clock, timeout: 1000, signals: [], late }, (inner) => {
      signal = inner.signal
      return never()
    }).catch((thrown) => (error = thrown))
    await clock.advance(999)
    assert.equal(signal?.aborted, false)
    await clock.advance(1)
    await ended
    assert.deepEqual([(error as Error).message, signal?.aborted, signal?.reason], ['late', true, error])
    assert.equal(clock.timers, 0)
  })

  it('waits without limit when there is no timeout', async () => {
    const clock = virtualClock()
    let settled = false
    void withTimeLimit({ clock, timeout: undefined, signals: [], late }, never).finally(() => (settled = true))
    await clock.advance(1e12)
    assert.deepEqual([settled, clock.timers], [false, 0])
  })

  it('rejects when any of its signals aborts, with the reason of that signal', async () => {
    const clock = virtualClock()
    for (const which of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()]
      const signals = controllers.map(({ signal }) => signal)
      let inner: AbortSignal | undefined
      const ended = withTimeLimit({ clock, timeout: 1000, signals, late }, (over) => {
        inner = over.signal
        return never()
      })
      controllers[which]?.abort(new Error(`enough ${which}`))
      await assert.rejects(ended, new RegExp(`enough ${which}`))
      assert.equal(inner?.reason.message, `enough ${which}`)
      assert.equal(clock.timers, 0)
    }
  })

  it('does not start the work when a signal has aborted before', async () => {
    const clock = virtualClock()
    let begun = false
    const work = async (): Promise<void> => void (begun = true)
    await assert.rejects(
      withTimeLimit({ clock, timeout: 1000, signals: [AbortSignal.abort(new Error('no'))], late }, work),
      /no/,
    )
    assert.deepEqual([begun, clock.timers], [false, 0])
  })

  it('raises no unhandledRejection for abandoned work', async () => {
    const clock = virtualClock()
    const seen = await unhandled(async () => {
      let fail: (error: Error) => void = () => undefined
      const ended = withTimeLimit(
        { clock, timeout: 10, signals: [], late },
        () => new Promise<never>((_, reject) => (fail = reject)),
      )
      ended.catch(() => undefined)
      await clock.advance(10)
      fail(new Error('much later'))
    })
    assert.deepEqual(seen, [])
  })

  it('leaves no listener on a signal', async () => {
    const controller = new AbortController()
    const { signal } = controller
    let listening = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...given: Parameters<typeof add>) => (listening++, add(...given))
    signal.removeEventListener = (...given: Parameters<typeof remove>) => (listening--, remove(...given))
    const limit = { clock: virtualClock(), timeout: 1000, signals: [signal], late }
    for (let i = 0; i < 20; i++) await withTimeLimit(limit, async () => i)
    await withTimeLimit(limit, () => Promise.reject(new Error('no'))).catch(() => undefined)
    assert.equal(listening, 0)
  })
})

describe('StoppableWork', () => {
  const limit = { clock: virtualClock(), timeout: undefined, late }

  it('creates its signal on first use, aborted if the work is over', async () => {
    const work = new StoppableWork()
    await work.run(limit, async () => undefined)
    assert.equal(work.signal.aborted, true)
    assert.equal(work.signal, work.signal)
    const stopped = new StoppableWork()
    const running = stopped.run(limit, never)
    stopped.stop(new Error('enough'))
    await assert.rejects(running, /enough/)
    assert.equal((stopped.signal.reason as Error).message, 'enough')
  })

  it('is over before its signal aborts', async () => {
    const work = new StoppableWork()
    const happened: string[] = []
    work.signal.addEventListener('abort', () => happened.push('signal'))
    work.add(() => happened.push('end'))
    const running = work.run(limit, never)
    work.stop(new Error('enough'))
    await assert.rejects(running, /enough/)
    assert.deepEqual(happened, ['end', 'signal'])
    work.stop(new Error('again'))
    assert.equal((work.signal.reason as Error).message, 'enough')
  })

  it('does not start after it was stopped', async () => {
    const work = new StoppableWork()
    work.stop(new Error('enough'))
    await assert.rejects(
      work.run(limit, async () => assert.fail('it began')),
      /enough/,
    )
  })
})

describe('withLinkedSignal', () => {
  it('aborts with the first signal that does, or at once, and never after the work', async () => {
    const a = new AbortController()
    const b = new AbortController()
    await withLinkedSignal([a.signal, b.signal], async (signal) => {
      b.abort('b')
      a.abort('a')
      assert.equal(signal.reason, 'b')
    })
    await withLinkedSignal([AbortSignal.abort('before')], async (signal) => assert.equal(signal.reason, 'before'))
    const c = new AbortController()
    const kept = await withLinkedSignal([c.signal], async (signal) => signal)
    c.abort()
    assert.equal(kept.aborted, false)
  })
})
