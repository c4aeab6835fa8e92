import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Backpressure } from '../../../lib/level/write/backpressure.ts'

/** A queue that is full until room is made. */
class Queue {
  waiting = 10_000
  size = 0
  #told: () => void = () => undefined
  #written = new Promise<void>((resolve) => (this.#told = resolve))

  written(): Promise<void> {
    return this.#written
  }

  make(room: number): void {
    this.waiting -= room
    const told = this.#told
    this.#written = new Promise((resolve) => (this.#told = resolve))
    told()
  }
}

const microtasks = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await Promise.resolve()
}

describe('backpressure', () => {
  it('lets publishers pass at once while there is room', () => {
    const queue = new Queue()
    queue.waiting = 9999
    assert.equal(
      new Backpressure(() => queue).pass(() => 'passed'),
      'passed',
    )
  })

  it('makes publishers wait while the queued drafts are large, however few', async () => {
    const queue = new Queue()
    queue.waiting = 10
    queue.size = 64 * 1024 * 1024
    const turn = new Backpressure(() => queue).pass(() => 'passed')
    assert.ok(turn instanceof Promise)
    queue.size = 0
    queue.make(1)
    assert.equal(await turn, 'passed')
  })

  it('lets publishers pass in the order of their calls', async () => {
    for (let delay = 0; delay < 12; delay++) {
      const queue = new Queue()
      const gate = new Backpressure(() => queue)
      const order: string[] = []
      const first = gate.pass(() => order.push('first'))
      assert.equal(order.length, 0)
      await microtasks(3)
      queue.make(5)
      await microtasks(delay)
      const late = gate.pass(() => order.push('late'))
      await Promise.all([first, late])
      assert.deepEqual(order, ['first', 'late'])
    }
  })

  it('lets publishers pass one by one, because each adds to the queue', async () => {
    const queue = new Queue()
    const gate = new Backpressure(() => queue)
    const passed: number[] = []
    const all = Array.from({ length: 5 }, (_, i) =>
      gate.pass(() => {
        passed.push(i)
        queue.waiting += 1
      }),
    )
    queue.make(2)
    await microtasks(50)
    assert.deepEqual(passed, [0, 1])
    queue.make(3)
    await Promise.all(all.map((each) => Promise.resolve(each)))
    assert.deepEqual(passed, [0, 1, 2, 3, 4])
  })

  it('passes an error to its own publisher, and lets the others pass', async () => {
    const queue = new Queue()
    const gate = new Backpressure(() => queue)
    const fails = gate.pass(() => {
      throw new Error('refused')
    })
    const passes = gate.pass(() => 'passed')
    queue.make(1)
    await assert.rejects(Promise.resolve(fails), /refused/)
    assert.equal(await passes, 'passed')
  })

  it('lets publishers pass when the queue is gone: their own call rejects', async () => {
    const queue = new Queue()
    let gone = false
    const gate = new Backpressure(() => {
      if (gone) throw new Error('gone')
      return queue
    })
    const waiting = gate.pass(() => 'let in')
    await microtasks(3)
    gone = true
    queue.make(0)
    assert.equal(await waiting, 'let in')
  })
})
