import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { Identities } from '../../../lib/level/write/identities.ts'

const COUNT = 5000
const drafts = Array.from({ length: COUNT }, (_, i) => ({ type: 't', identifier: String(i), data: i }))

/** Makes a log with these drafts, and counts its look-ups in one turn of the event loop. */
async function filled(t: TestContext) {
  const log = await memoryLog()
  t.after(() => log.close())
  await log.accept(drafts)
  const { find } = Identities.prototype
  const counts = { now: 0, most: 0 }
  t.mock.method(Identities.prototype, 'find', function (this: Identities, ...args: Parameters<typeof find>) {
    // A look-up that was made ahead costs nothing at the decision.
    if (args[1]?.identities.has(args[0]) !== true) counts.most = Math.max(counts.most, ++counts.now)
    return find.apply(this, args)
  })
  let turn: NodeJS.Immediate
  const reset = (): void => {
    counts.now = 0
    turn = setImmediate(reset)
  }
  reset()
  t.after(() => clearImmediate(turn))
  return { log, counts }
}

it('looks up thousands of duplicates in slices, and yields the event loop between them', async (t) => {
  const { log, counts } = await filled(t)
  const receipts = await log.accept(drafts)
  assert.ok(receipts.every(({ status, seq }, i) => status === 'duplicate' && seq === i + 1))
  assert.ok(counts.most <= 1000, `${counts.most} look-ups in one turn`)
})

it('keeps the order of calls made during the look-ups of a large accept', async (t) => {
  const { log } = await filled(t)
  const order: string[] = []
  const large = log.accept([...drafts, { type: 't', identifier: 'new', data: 0 }]).then((all) => {
    order.push('large')
    return all.at(-1)
  })
  const small = log.accept([{ type: 't', identifier: 'new', data: 1 }]).then(([first]) => {
    order.push('small')
    return first
  })
  const [first, second] = await Promise.all([large, small])
  assert.deepEqual(order, ['large', 'small'])
  assert.deepEqual([first?.status, first?.seq, second?.status, second?.seq], ['new', COUNT + 1, 'duplicate', COUNT + 1])
})

it('accepts identities again that are forgotten during the look-ups of a large accept', async (t) => {
  const { log } = await filled(t)
  const large = log.accept(drafts)
  await new Promise((resolve) => setImmediate(resolve))
  await log.forget('t', '0')
  const receipts = await large
  assert.deepEqual(
    receipts.slice(0, 2).map(({ status }) => status),
    ['new', 'duplicate'],
  )
})
