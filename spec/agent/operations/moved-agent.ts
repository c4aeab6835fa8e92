import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { agent, eventType, job, type Log, listener, manual, on, Park, start } from '../../../lib/index.ts'
import { until } from '../../support/until.ts'

const item = eventType('item').of<{ n: number }>()

/** An agent that notes what its listeners have handled. `third`: it runs before the move, and fails with some events. */
function home(items: number, handled: string[], third?: Promise<never>): Parameters<typeof start>[0] {
  const poll = job('poll', manual(), async ({ state }) => {
    state.set('polls', ((await state.get<number>('polls', 0)) ?? 0) + 1)
    return Array.from({ length: items }, (_, n) => item(`${n}`, { n }))
  })
  const note = (name: string, n: number): void => void handled.push(`${name} ${n}`)
  const mail = listener(
    'mail',
    on(item),
    ({ data: { n } }) => {
      if (n === 1 && third !== undefined) throw new Error('not yet')
      if (n === 2) throw new Park('never')
      note('mail', n)
    },
    { from: 'start', backoff: { min: '2s', max: '2s' } },
  )
  const slow = listener(
    'slow',
    on(item),
    async ({ data: { n } }) => {
      if (n === 3) await third
      note('slow', n)
    },
    { from: 'start', ordered: true },
  )
  return agent('home', [poll, mail, slow])
}

/**
 * Runs an agent on a log, and on a copy of it that `move` makes: each listener has to handle each event once, also those
 * that it had not heard, or not handled, before the move.
 */
export async function moveAgent(t: TestContext, log: Log, move: () => Promise<Log>): Promise<void> {
  t.after(() => log.close())
  const handled: string[] = []
  let fail: (error: Error) => void = () => undefined
  const third = new Promise<never>((_, reject) => (fail = reject))
  const before = await start(home(5, handled, third), { log, logger: false })
  t.after(() => before.stop())
  await before.trigger('poll')
  await until(() => handled.includes('mail 4') && handled.includes('slow 2'), 'what can be handled before the move')
  const stopping = before.stop()
  fail(new Error('not yet'))
  await stopping
  await log.close()
  const halfway = handled.length
  const moved = await move()
  t.after(() => moved.close())
  const after = await start(home(7, handled), { log: moved, logger: false })
  t.after(() => after.stop())
  const report = await after.trigger('poll')
  assert.deepEqual(report && { new: report.new, duplicate: report.duplicate }, { new: 2, duplicate: 5 })
  await until(() => handled.length >= 13, 'the rest')
  await after.drained()
  assert(halfway < 10)
  const numbers = [0, 1, 2, 3, 4, 5, 6]
  const all = [...numbers.filter((n) => n !== 2).map((n) => `mail ${n}`), ...numbers.map((n) => `slow ${n}`)]
  assert.deepEqual(handled.toSorted(), all)
  assert.deepEqual(await moved.store('job/poll').get('polls'), { value: 2, revision: 2 })
  const parked = []
  for await (const { event } of (await moved.consumer('mail', { start: 'now' })).parked()) parked.push(event.identifier)
  assert.deepEqual(parked, ['2'])
  await after.stop()
  await moved.close()
}
