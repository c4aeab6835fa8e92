import assert from 'node:assert/strict'
import { after, describe, it, type TestContext } from 'node:test'
import { map } from 'rxjs'
import { type Explained, explain } from '../../../../bin/commands/why/explain.ts'
import { printWhy } from '../../../../bin/commands/why/print-why.ts'
import { timeIn } from '../../../../bin/print/times.ts'
import { whyReasons } from '../../../../lib/agent/inspect/why-reason.ts'
import { operationsOf } from '../../../../lib/agent/operations/operations.ts'
import { all, changed, digest, eq, gt, not, settled } from '../../../../lib/filters.ts'
import {
  agent,
  connect,
  job,
  type Listener,
  listener,
  manual,
  memoryLog,
  on,
  openLog,
  operations,
  start,
  where,
} from '../../../../lib/index.ts'
import { type Place, place } from '../../../support/agent-harness.ts'
import { captured } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'
import { until } from '../../../support/until.ts'

const repos = on('repo')
const popular = listener('stars', repos.pipe(where('data.stars', gt(3))), () => undefined, { from: 'start' })
const failing = (options: object = {}): Listener =>
  listener('stars', on('repo'), () => Promise.reject(new Error('no luck')), { from: 'start', ...options })

async function repo(
  log: Place['log'],
  identifier: string,
  stars = 5,
  more: { told?: boolean; type?: string; version?: string } = {},
): Promise<void> {
  const { told = true, type = 'repo', version } = more
  await log.accept([{ type, identifier, data: { stars }, ...(version === undefined ? {} : { version }) }], { told })
}

/** Runs a listener on all that is in the log, and stops it. */
async function heardBy(at: Place, listener: Listener, ms = 10): Promise<void> {
  const running = await at.begin([listener])
  await at.clock.advance(ms)
  await at.end(running)
}

/** Runs a job once, which fails. */
async function polled(at: Place, run: () => unknown): Promise<void> {
  const running = await at.begin([job('poll', manual(), run as Parameters<typeof job>[2])])
  const ran = running.trigger('poll').catch(() => undefined)
  await at.clock.advance(10)
  await ran
  await at.end(running)
}

interface Row {
  readonly reason: keyof typeof whyReasons
  readonly when: string
  /** Brings it about; returns the event to ask for, and the listener: its code, or its name. */
  readonly make: (at: Place) => Promise<readonly [event: string, listener: Listener | string]>
  /** What the tree says. */
  readonly says: RegExp
}

const rows: readonly Row[] = [
  {
    reason: 'unknown',
    when: 'no job has published it',
    make: async ({ log }) => {
      await repo(log, 'x/yellow')
      return ['repo:x/yelow', 'stars']
    },
    says: /never accepted it[^]*similar: repo:x\/yellow/,
  },
  {
    reason: 'held',
    when: 'a flood is held by its job',
    make: async (at) => {
      let count = 1
      const poll = job('poll', manual(), () =>
        Array.from({ length: count }, (_, i) => ({ type: 'repo', identifier: `${count}/${i}`, data: {} })),
      )
      const running = await at.begin([poll])
      for (const each of [1, 2, 3, 60]) {
        count = each
        const ran = running.trigger('poll')
        await at.clock.advance(10)
        await ran
      }
      return ['repo:60/7', 'stars']
    },
    says: /held by job poll since [^]*tidings jobs release poll/,
  },
  {
    reason: 'unknown',
    when: 'its job fails before it publishes',
    make: async (at) => {
      await polled(at, () => Promise.reject(new Error('connect ECONNREFUSED')))
      return ['repo:x/y', 'stars']
    },
    says: /never accepted it[^]*✗ job poll failed [^]*: connect ECONNREFUSED/,
  },
  {
    reason: 'refused',
    when: 'its data is not JSON',
    make: async (at) => {
      await polled(at, () => [{ type: 'repo', identifier: 'x/y', data: { at: new Date() } }])
      return ['repo:x/y', 'stars']
    },
    says: /✗ refused: job poll failed [^]*: "repo" "x\/y": at must be JSON, got a Date/,
  },
  {
    reason: 'duplicate',
    when: 'another type has its identifier, in a log with one identity for all',
    make: async (at) => {
      await repo(at.log, 'x/y', 5, { type: 'fork' })
      return ['repo:x/y', 'stars']
    },
    says: /a duplicate of event 1 of type fork/,
  },
  {
    reason: 'pruned',
    when: 'retention has removed it',
    make: async ({ log }) => {
      for (const name of ['a', 'b', 'c']) await repo(log, name)
      await log.prune({ count: 1 })
      return ['repo:a', 'stars']
    },
    says: /accepted as event 1, whose body was pruned/,
  },
  {
    reason: 'untold',
    when: 'it was stored without telling it',
    make: async (at) => {
      await repo(at.log, 'x/y', 5, { told: false })
      await heardBy(at, popular)
      return ['1', popular]
    },
    says: /stored without telling it: no listener receives it/,
  },
  {
    reason: 'listener-unknown',
    when: 'the listener has another name',
    make: async (at) => {
      await repo(at.log, 'x/y')
      await heardBy(at, popular)
      return ['1', 'star']
    },
    says: /the log knows no listener star[^]*did you mean "stars"\?/,
  },
  {
    reason: 'before',
    when: 'the listener began after it',
    make: async (at) => {
      await repo(at.log, 'x/y')
      await at.clock.advance(1000)
      const late = listener('stars', on('repo'), () => undefined)
      await heardBy(at, late)
      return ['1', late]
    },
    says: /it began after the event, or was moved past it/,
  },
  {
    reason: 'type',
    when: 'the listener does not hear its type',
    make: async (at) => {
      await repo(at.log, 'x/y', 5, { type: 'fork' })
      await heardBy(at, popular)
      return ['fork:x/y', popular]
    },
    says: /it does not hear fork, only repo/,
  },
  {
    reason: 'filtered',
    when: 'a filter leaves it out',
    make: async (at) => {
      await repo(at.log, 'x/y', 2)
      await heardBy(at, popular)
      return ['repo:x/y', popular]
    },
    says: /✗ where\('data\.stars', gt\(3\)\)\n.*the value is 2/,
  },
  {
    reason: 'filtered',
    when: 'a filter remembers another event',
    make: async (at) => {
      const turned = listener('stars', repos.pipe(changed('data.stars')), () => undefined, { from: 'start' })
      for (const name of ['a', 'b']) await repo(at.log, name)
      await heardBy(at, turned)
      return ['repo:b', turned]
    },
    says: /✗ changed\('data\.stars'\)\n.*it remembered "5"/,
  },
  {
    reason: 'filtered',
    when: 'another value came before it had settled',
    make: async (at) => {
      const calm = listener('stars', repos.pipe(settled('data.stars', '1h')), () => undefined, { from: 'start' })
      await repo(at.log, 'a', 5)
      await repo(at.log, 'b', 6)
      await heardBy(at, calm)
      return ['1', calm]
    },
    says: /✗ settled\('data\.stars', '1h'\)/,
  },
  {
    reason: 'failed',
    when: 'an operator throws, and a person dropped it',
    make: async (at) => {
      const broken = listener(
        'stars',
        on('repo').pipe(map((event) => (event.data as { name: string }).name)),
        () => undefined,
        {
          from: 'start',
          attempts: 1,
        },
      )
      await at.log.accept([{ type: 'repo', identifier: 'x/y', data: null }])
      await heardBy(at, broken)
      await operations(at.log).parked.drop('stars', 1)
      return ['1', broken]
    },
    says: /the pipe fails: Cannot read properties of null/,
  },
  {
    reason: 'waiting',
    when: 'it waits for its time',
    make: async (at) => {
      const calm = listener('stars', repos.pipe(settled('data.stars', '1h')), () => undefined, { from: 'start' })
      await repo(at.log, 'x/y')
      await heardBy(at, calm)
      return ['1', calm]
    },
    says: /held back by a filter until \d{4}-/,
  },
  {
    reason: 'waiting',
    when: 'it is in a batch that is not full',
    make: async (at) => {
      const letter = listener('stars', on('repo').pipe(digest({ size: 3 })), () => undefined, { from: 'start' })
      for (const name of ['a', 'b']) await repo(at.log, name)
      await heardBy(at, letter)
      return ['2', letter]
    },
    says: /held back by a filter until other events come, in a batch with\s[^\n]*1, 2/,
  },
  {
    reason: 'paused',
    when: 'the listener is paused',
    make: async (at) => {
      await heardBy(at, popular)
      await operations(at.log).listeners.pause('stars')
      await repo(at.log, 'x/y')
      return ['1', popular]
    },
    says: /paused: tidings listeners resume stars/,
  },
  {
    reason: 'ahead',
    when: 'no agent has run since',
    make: async (at) => {
      await heardBy(at, popular)
      for (const name of ['a', 'b', 'c']) await repo(at.log, name)
      return ['3', 'stars']
    },
    says: /no agent runs it[^]*not reached: 2 events of the log come first/,
  },
  {
    reason: 'retrying',
    when: 'its last attempt failed',
    make: async (at) => {
      await repo(at.log, 'x/y')
      await heardBy(at, failing({ backoff: { min: '1h', max: '1h' } }))
      return ['1', failing()]
    },
    says: /1 attempt, the next [^]*Error: no luck/,
  },
  {
    reason: 'behind',
    when: 'an older event of its key is tried again',
    make: async (at) => {
      for (const version of ['1', '2']) await repo(at.log, 'x/y', 5, { version })
      await heardBy(at, failing({ backoff: { min: '1h', max: '1h' } }))
      return ['2', failing()]
    },
    says: /event 1 of its key waits for its next attempt/,
  },
  {
    reason: 'parked',
    when: 'its last attempt was the last',
    make: async (at) => {
      await repo(at.log, 'x/y')
      await heardBy(at, failing({ attempts: 1 }))
      return ['1', 'stars']
    },
    says: /parked [^]*after 1 attempt: tidings parked retry stars 1/,
  },
  {
    reason: 'settled',
    when: 'the listener is done with it, and its code is not at hand',
    make: async (at) => {
      await repo(at.log, 'x/y')
      await heardBy(at, popular)
      return ['1', 'stars']
    },
    says: /settled: handled, dropped by a person, or filtered out/,
  },
  {
    reason: 'delivered',
    when: 'it was handled, and its identity was forgotten since',
    make: async (at) => {
      await repo(at.log, 'x/y')
      await heardBy(at, popular)
      await at.log.forget('repo', 'x/y')
      return ['repo:x/y', popular]
    },
    says: /identity was forgotten since[^]*delivered and acked/,
  },
  {
    reason: 'delivered',
    when: 'its batch was handled',
    make: async (at) => {
      const letter = listener('stars', on('repo').pipe(digest({ size: 2 })), () => undefined, { from: 'start' })
      for (const name of ['a', 'b']) await repo(at.log, name)
      await heardBy(at, letter)
      return ['1', letter]
    },
    says: /passes, in a batch of 2[^]*delivered and acked, in a batch with\s[^\n]*1, 2/,
  },
]

async function treeOf(asked: string, explained: Explained): Promise<string> {
  const { stdout } = await captured(async () => {
    await printWhy(asked, explained)
    return 0
  })
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)
  return stdout
}

/** In words that may be broken into lines anywhere. */
const loose = (says: RegExp): RegExp => new RegExp(says.source.replaceAll(' ', '[\\s│]+'))

async function placeFor(t: TestContext, row: Row): Promise<Place> {
  const at = await place(t)
  if (row.reason !== 'duplicate') return at
  const log = await memoryLog({ clock: at.clock, identity: 'identifier', warn: () => undefined })
  t.after(() => log.close())
  return { ...at, log }
}

describe('tidings why, about an event that', () => {
  const seen = new Set<string>()
  for (const row of rows) {
    it(`is ${row.reason}: ${row.when}`, async (t) => {
      const at = await placeFor(t, row)
      const [asked, hears] = await row.make(at)
      const explained = await explain(operations(at.log), asked, hears)
      assert.equal(explained.reason, row.reason, JSON.stringify(explained.answer))
      const tree = await treeOf(asked, explained)
      assert.match(tree, loose(row.says))
      assert.ok(tree.includes(`: ${row.reason}`), tree)
      seen.add(row.reason)
    })
  }

  it('is running: its handler has not ended', async (t) => {
    const directory = temporaryDirectory(t)
    const log = await openLog(directory)
    let finish = (): void => undefined
    const done = new Promise<void>((resolve) => (finish = resolve))
    const busy = listener('stars', on('repo'), () => done, { from: 'start' })
    const running = await start(agent('spec', [busy]), { log, serve: directory, logger: false, world: {} })
    t.after(async () => {
      finish()
      await running.stop()
      await log.close()
    })
    await repo(log, 'x/y')
    const on1 = await until(() => connect(directory), 'the agent')
    const explained = await until(async () => {
      const found = await explain(on1, '1', 'stars')
      return found.reason === 'ahead' ? undefined : found
    }, 'the delivery')
    assert.deepEqual([explained.reason, explained.answer.listener.running], ['running', true])
    assert.match(await treeOf('1', explained), loose(/handed out: it is being handled/))
    seen.add(explained.reason)
  })

  after(() => {
    assert.deepEqual([...seen].toSorted(), Object.keys(whyReasons))
  })
})

describe('tidings why', () => {
  it('finds a type and an identifier that have colons, and refuses what names no event', async (t) => {
    const at = await place(t)
    await repo(at.log, 'https://x/y', 5, { type: 'a:b' })
    const { why } = operations(at.log)
    assert.equal((await why('a:b:https://x/y', 'stars')).event?.seq, 1)
    await assert.rejects(why('first', 'stars'), { code: 'TIDINGS_LOG_INVALID' })
    await assert.rejects(why(':', 'stars'), { code: 'TIDINGS_LOG_INVALID' })
    assert.equal((await why('99', 'stars')).draft, 'unknown')
  })

  it('tells the parts of a test, and what a memory was before the event, whatever came later', async (t) => {
    const at = await place(t)
    const turned = listener(
      'stars',
      repos.pipe(where('data.stars', all(gt(0), not(eq(9)))), changed('data.stars')),
      () => undefined,
      {
        from: 'start',
      },
    )
    for (const [i, stars] of [1, 2, 2, 3].entries()) await repo(at.log, `${i}`, stars)
    await heardBy(at, turned)
    const { code, answer } = await explain(operations(at.log), '3', turned)
    assert.deepEqual(
      code?.trace.steps.map(({ operator, came, left, remembered }) => [operator, came, left, remembered]),
      [
        ["where('data.stars', all(gt(0), not(eq(9))))", 1, 1, undefined],
        ["changed('data.stars')", 1, 0, '"2"'],
      ],
    )
    assert.match(
      await treeOf('3', { reason: 'filtered', answer, code }),
      /✓ gt\(0\)\n.*the value is 2\n.*✓ not\(eq\(9\)\)\n.*✗ eq\(9\)\n/,
    )
    assert.deepEqual(answer.memory, { first: 1, last: 4, verdict: 'filtered' })
  })

  it('tells the deliveries that the agent remembers, and when the last was acked', async (t) => {
    const at = await place(t)
    let failures = 1
    const shaky = listener('stars', repos.pipe(where('data.stars', gt(3))), handle, {
      from: 'start',
      backoff: { min: '5s', max: '5s' },
    })
    async function handle(): Promise<void> {
      if (failures-- > 0) throw new Error('no luck')
    }
    for (const [name, stars] of [
      ['a', 5],
      ['b', 1],
    ] as const)
      await repo(at.log, name, stars)
    const running = await at.begin([shaky])
    const asked = operationsOf(at.log, running as never)
    await at.clock.advance(10)
    const first = await explain(asked, '1', 'stars')
    assert.equal(first.reason, 'retrying')
    assert.match(await treeOf('1', first), loose(/attempt 1, [^]*: failed: Error: no luck\n/))
    await at.clock.advance(6000)
    const explained = await explain(asked, '1', 'stars')
    assert.deepEqual(
      [explained.reason, explained.answer.delivery?.deliveries?.map(({ attempt, outcome }) => [attempt, outcome])],
      [
        'delivered',
        [
          [1, 'retry'],
          [2, 'handled'],
        ],
      ],
    )
    const acked = explained.answer.delivery?.deliveries?.[1]?.at ?? ''
    const words = `delivered and acked ${timeIn(acked)}[^]*attempt 1, [^]*: failed: Error: no luck[^]*attempt 2, [^]*: handled`
    assert.match(await treeOf('1', explained), loose(new RegExp(words.replaceAll('+', '\\+'))))
    assert.equal((await explain(asked, '2', 'stars')).reason, 'filtered')
    await at.end(running)
    assert.equal((await explain(operations(at.log), '1', 'stars')).reason, 'settled')
  })

  it('says when the code decides otherwise than the log has kept', async (t) => {
    const at = await place(t)
    const before = listener('stars', repos.pipe(changed('data.stars')), () => undefined, { from: 'start' })
    for (const name of ['a', 'b']) await repo(at.log, name)
    await heardBy(at, before)
    const now = listener('stars', repos.pipe(changed('identifier')), () => undefined, { from: 'start' })
    const explained = await explain(operations(at.log), '2', now)
    assert.equal(explained.reason, 'filtered')
    assert.match(await treeOf('2', explained), loose(/but the log keeps that the filters left it out/))
  })
})
