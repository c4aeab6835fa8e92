import assert from 'node:assert/strict'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openLog } from '../../lib/index.ts'
import { type TimelineCounts, type TimelineDifference, virtualClock } from '../../lib/testing/index.ts'
import { Repository } from '../streams/repository.ts'
import { answered } from './answered.ts'
import { tidings, userFolder } from './program.ts'

/** An agent that tells the books of each order from `least` on. */
const files = {
  'shop.ts': `import { agent, eventType, every, job, listener, on, Park, where } from 'tidings'
import { hours, least } from './rule'
const paid = eventType('paid').of<{ hour: number }>()
export default agent('shop', [
  job('orders', every(hours).hours, ({ slot }) => paid(slot.toISOString(), { hour: slot.getUTCHours() })),
  listener('books', on(paid).pipe(where(({ data }) => data.hour >= least)), async ({ data }, { fetch, key }) => {
    if (data.hour === 23) throw new Park('the books are closed')
    await fetch('https://books.example/' + data.hour, { method: 'POST', headers: { 'idempotency-key': key } })
  }),
])
`,
  'rule.ts': 'export const hours = 1\nexport const least = 20\n',
  'world.ts': "export default { fetch: async () => new Response('noted') }\n",
}

const day = ['shop.ts', '--world', 'world.ts', '--for', '1d', '--from', '2026-01-01']

/** A repository with two versions: first all orders from 20 o'clock on, now those from 22 o'clock on. */
function versions(t: TestContext) {
  const folder = userFolder(t, files)
  // Of the examples.
  rmSync(join(folder, 'hello.ts'))
  const repository = new Repository(folder)
  const commit = (subject: string, rule: string): void => {
    writeFileSync(join(folder, 'rule.ts'), rule)
    repository.git(['add', '.'])
    repository.commit(subject)
  }
  commit('first', files['rule.ts'])
  commit('second', 'export const hours = 1\nexport const least = 22\n')
  return { folder, repository, diff: (...args: string[]) => answered(folder, ['diff', ...args]) }
}

describe('tidings diff', () => {
  it('shows what only one of two revisions does, each with its own imports', async (t) => {
    const { folder, repository, diff } = versions(t)
    const before = readdirSync(folder)
    const { code, stdout, words } = await diff('HEAD~1..HEAD', ...day)
    assert.equal(code, 1, words)
    assert.match(words, /^2 differences$/m)
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.replaceAll(/2026-\S+/g, 'AT')),
      [
        '- sent listener books, on paid AT POST https://books.example/20',
        '- sent listener books, on paid AT POST https://books.example/21',
      ],
    )
    const back = await diff('HEAD..HEAD~1', ...day)
    assert.equal(back.code, 1)
    assert.equal(back.stdout, stdout.replaceAll(/^-/gm, '+'))
    assert.deepEqual(readdirSync(folder), before)
    assert.equal(repository.git(['status', '--porcelain']), '')
  })

  it('compares with the file as it is: events, parked events, and counts as JSON', async (t) => {
    const { folder, diff } = versions(t)
    writeFileSync(join(folder, 'rule.ts'), 'export const hours = 12\nexport const least = 0\n')
    const { code, stdout, words } = await diff('HEAD..', ...day, '--json')
    assert.equal(code, 1, words)
    const { from, to, differences } = JSON.parse(stdout) as {
      from: TimelineCounts
      to: TimelineCounts
      differences: readonly TimelineDifference[]
    }
    assert.deepEqual([from.runs, from.events, from.parked], [24, 25, 1])
    assert.deepEqual([to.runs, to.parked], [2, 0])
    const kinds = new Map<string, number>()
    for (const { change, what } of differences)
      kinds.set(`${change} ${what}`, (kinds.get(`${change} ${what}`) ?? 0) + 1)
    assert.deepEqual(
      [...kinds],
      [
        ['added sent', 2],
        ['removed event', 22],
        ['removed sent', 1],
        ['removed parked', 1],
      ],
    )
  })

  it('ends with 0 when nothing differs', async (t) => {
    const { folder } = versions(t)
    const same = await tidings(t, folder, ['diff', 'HEAD..', ...day])
    assert.deepEqual([same.code, same.stdout], [0, ''], same.words)
    assert.match(same.words, /^no difference$/m)
  })

  it('names what is wrong with the revisions, the file and the options', async (t) => {
    const { folder, repository, diff } = versions(t)
    const fails = async (args: readonly string[], exit: number, message: RegExp) => {
      const { code, stderr } = await diff(...args)
      assert.equal(code, exit, stderr)
      assert.match(stderr, message)
    }
    await fails(['HEAD', 'shop.ts'], 2, /REVISIONS must be two revisions such as HEAD~3\.\.HEAD, got "HEAD"/)
    await fails(['..HEAD', 'shop.ts'], 2, /REVISIONS must be two revisions/)
    await fails(['nope..', ...day], 2, /has no revision "nope"/)
    await fails(['HEAD..', 'shap.ts'], 2, /there is no file shap\.ts; did you mean "shop\.ts"/)
    await fails(['HEAD..', 'shop.ts', '--for', 'long'], 2, /--for/)
    writeFileSync(join(folder, 'new.ts'), files['shop.ts'])
    await fails(['HEAD..', 'new.ts'], 2, /revision "HEAD" has no file new\.ts/)
    assert.equal(repository.git(['status', '--porcelain']), '?? new.ts')
  })

  /** A log with an order of each hour of a day, made by the first version, and the events that its handlers published. */
  async function recordedDay(t: TestContext) {
    const made = versions(t)
    const log = await openLog(join(made.folder, '.tidings/shop'), { clock: virtualClock() })
    const orders = Array.from({ length: 24 }, (_, hour) => ({
      type: 'paid',
      identifier: `order ${hour}`,
      data: { hour },
    }))
    await log.accept(orders)
    await log.close()
    return made
  }

  it('compares on the events of the log: what handlers get, and with a world, what they send', async (t) => {
    const { folder, diff } = await recordedDay(t)
    const plain = await diff('HEAD~1..HEAD', 'shop.ts', '--recorded')
    assert.equal(plain.code, 1, plain.stderr)
    assert.equal(plain.stdout, '- handled paid order 20 by listener books\n- handled paid order 21 by listener books\n')
    const acting = await diff('HEAD~1..HEAD', 'shop.ts', '--recorded', '--world', 'world.ts')
    assert.equal(
      acting.stdout,
      '- sent listener books, on paid order 20: POST https://books.example/20\n- sent listener books, on paid order 21: POST https://books.example/21\n',
    )
    const same = await diff('HEAD..', 'shop.ts', '--recorded')
    assert.deepEqual([same.code, same.stdout], [0, ''], same.words)
    const log = await openLog(join(folder, '.tidings/shop'))
    assert.equal(await log.last(), 24)
    await log.close()
  })

  it('refuses a part of a log without --recorded, and a log without events', async (t) => {
    const { diff } = await recordedDay(t)
    const bare = await diff('HEAD..', ...day, '--since', '2d')
    assert.equal(bare.code, 2)
    assert.match(bare.stderr, /--since and --until say which events of the log count: add --recorded/)
    const none = await diff('HEAD..', 'shop.ts', '--recorded', '--since', '2030-01-01')
    assert.equal(none.code, 1)
    assert.match(none.stderr, /the log has no such events to compare with/)
  })
})
