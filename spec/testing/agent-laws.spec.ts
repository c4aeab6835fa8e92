import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Agent, memoryLog, type StoredEvent } from '../../lib/index.ts'
import { agentLaws, arbEvent } from '../../lib/testing/index.ts'
import * as broken from './broken-agents.ts'
import { found } from './broken-agents.ts'
import { messageOf, onlyFails } from './only-law.ts'

const events = arbEvent(found, { data: fc.record({ size: fc.nat(9) }) })
const stored = (): StoredEvent[] =>
  [1, 2].map((seq) => ({ ...found(`${seq}`, { size: seq }), seq, created: 1_700_000_000_000 }))

const loops = 'no event leads to itself again'
const fed = 'each event type that is heard is published'
const upgrade = 'state of the version before is understood'
const fits = 'each stored event fits its type'

type Mistake = readonly [mistake: string, agent: Agent, before: Agent, ...finding: RegExp[]]

/** For each law, the mistakes that only it finds: the finding, and the lines of its report. */
const mistakes: Readonly<Record<string, readonly Mistake[]>> = {
  [loops]: [
    [
      'two listeners feed each other',
      broken.circle,
      broken.circle,
      /"(found|sorted)" leads to itself, by way of "\w+": .* 8 events\n {2}event 1, .*: found "."/,
      /\n {2}run 1 of 15, made smaller \d+ times; to see it again: \{ seed: 1, path: '0' \}$/,
    ],
    [
      'a listener hears what it publishes',
      broken.touches,
      broken.touches,
      /"renamed" leads to itself, by way of "touch"/,
    ],
  ],
  [fed]: [
    [
      'a name is misspelt',
      broken.misspelt,
      broken.misspelt,
      /listener "print" hears "sortet", which nothing publishes; did you mean "?sorted/,
    ],
    [
      'a pattern stands for nothing',
      broken.pattern,
      broken.pattern,
      /listener "mail" hears "mail\.\*", which nothing publishes$/,
    ],
  ],
  [upgrade]: [
    [
      'a number has become an object',
      broken.afterCount,
      broken.beforeCount,
      /job "finds" fails on what the version before has left: .*iterable\n {2}the state: \{"count":1\}\n/,
    ],
    [
      'a listener with another name reads another value',
      broken.afterSizes,
      broken.good,
      /listener "sorter" fails on what .* left: sizes must have names\n {2}before: found "." .*\n {2}the state: \{"sizes":\[\d\]\}\n {2}found/,
    ],
  ],
  [fits]: [
    [
      'a field is new',
      broken.unit,
      broken.unit,
      /\n {2}event 1 no longer fits the schema of "found": unit: .*\n {2}event 2 no longer/,
    ],
    ['a field has another type', broken.text, broken.text, /event 1 no longer fits the schema of "found": size: .*\n/],
  ],
}

for (const [law, all] of Object.entries(mistakes)) {
  describe(`only the law "${law}" finds that`, () => {
    for (const [mistake, agent, before, ...words] of all) {
      it(mistake, async () => {
        const numRuns = law === loops || law === upgrade ? 15 : 3
        await onlyFails(law, agentLaws(agent, { events, before, stored, numRuns }), words)
      })
    }
  })
}

it('every law has at least two mistakes that only it finds', () => {
  const all = agentLaws(broken.good, { events, before: broken.good, stored })
  assert.deepEqual(Object.keys(mistakes), Object.keys(all))
  for (const [law, each] of Object.entries(mistakes)) assert(each.length >= 2, law)
})

describe('agentLaws', () => {
  describe('of an agent in which nothing is wrong', () => {
    for (const [name, law] of Object.entries(
      agentLaws(broken.good, { events, before: broken.good, stored, numRuns: 10 }),
    ))
      it(name, law)
  })

  it('leave out what there is nothing to compare with', () => {
    assert.deepEqual(Object.keys(agentLaws(broken.good, { events })), [loops, fed])
  })

  it('believe what is published outside', async () => {
    await agentLaws(broken.misspelt, { events, numRuns: 2, outside: ['sort*'] })[fed]?.()
  })

  it('read the events of a log, and name ten at most', async () => {
    const log = await memoryLog()
    await log.accept(Array.from({ length: 12 }, (_, at) => found(`${at}`, { size: at })))
    const message = await messageOf(agentLaws(broken.text, { events, stored: () => log.events() })[fits])
    assert.match(message ?? '', /\n {2}event 10 no longer fits .*\n {2}and 2 more$/)
    await log.close()
  })

  it('name a job that failed, where nothing publishes what is heard', async () => {
    const law = agentLaws(broken.misspelt, {
      events,
      numRuns: 1,
      world: {
        now: () => {
          throw new Error('no time')
        },
      },
    })[fed]
    assert.match((await messageOf(law)) ?? '', /hears "sortet", which nothing publishes/)
  })

  it('reject something other than an agent', () => {
    assert.throws(() => agentLaws({} as never, { events }), { code: 'TIDINGS_AGENT_INVALID' })
    assert.throws(() => agentLaws(broken.good, { events, world: { time: 1 } as never }), {
      code: 'TIDINGS_AGENT_INVALID',
    })
  })
})
