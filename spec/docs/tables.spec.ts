import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runInThisContext } from 'node:vm'
import fc from 'fast-check'
import * as rxjs from 'rxjs'
import { tidings } from '../../bin/cli/commands.ts'
import { lintRules } from '../../lib/agent/inspect/finding.ts'
import { graphOf } from '../../lib/agent/inspect/graph.ts'
import { whyReasons } from '../../lib/agent/inspect/why-reason.ts'
import { contract, partsOf } from '../../lib/agent/operations/contract.ts'
import type { Parts } from '../../lib/agent/operations/parts.ts'
import * as filters from '../../lib/filters.ts'
import {
  agent,
  defineStream,
  eventType,
  job,
  listener,
  memoryLog,
  nextRuns,
  on,
  type StoredEvent,
  start,
  tryOut,
} from '../../lib/index.ts'
import * as schedule from '../../lib/schedule/index.ts'
import { agentLaws, arbEvent, listenerLaws, pipeLaws, streamLaws, virtualClock } from '../../lib/testing/index.ts'
import { operationsIn } from '../support/declared-operations.ts'

/** The rows of all tables of a page with this header; each cell as text, without the pipes. */
function rows(page: string, ...header: string[]): string[][] {
  const lines = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8').split('\n')
  const cells = (line: string): string[] =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|'))
  const found: string[][] = []
  for (const [i, line] of lines.entries()) {
    if (!line.startsWith('|') || cells(line).join('|') !== header.join('|')) continue
    for (let at = i + 2; lines[at]?.startsWith('|'); at++) found.push(cells(lines[at] as string))
  }
  assert.ok(found.length > 0, `${page} has no table with the header ${header.join(', ')}`)
  return found
}

/** The code spans in a cell. */
const pieces = (cell = ''): string[] => Array.from(cell.matchAll(/`([^`]+)`/g), ([, code]) => code as string)

/** The value of a piece of code, with these names in scope. The pages are ours, so it may run. */
function valueOf(code: string, scope: Record<string, unknown>): unknown {
  const names = Object.keys(scope).filter((name) => name !== 'default' && code.includes(name))
  const made = runInThisContext(`(${names.join(', ')}) => (${code})`) as (...values: unknown[]) => unknown
  return made(...names.map((name) => scope[name]))
}

describe('the tables of docs/schedules.md', () => {
  for (const [code = '', words] of rows('schedules.md', 'schedule', 'reads as')) {
    it(`${code} reads as the table says`, () => {
      assert.equal(String(valueOf(pieces(code)[0] as string, schedule)), words)
    })
  }

  for (const [code = '', after = '', slots = ''] of rows('schedules.md', 'schedule', 'after', 'comes at')) {
    it(`${code} comes after ${after} when the table says`, () => {
      const expected = slots.split(', ').map((slot) => new Date(slot))
      const made = valueOf(pieces(code)[0] as string, schedule) as schedule.Schedule
      assert.deepEqual(nextRuns(made, expected.length, new Date(after)), expected)
    })
  }
})

describe('the tests that docs/schedules.md names', () => {
  const shown = rows('schedules.md', 'claim', 'tested in').flatMap(([, where]) => pieces(where))
  for (const path of new Set(shown)) {
    it(`include ${path}, which exists`, () =>
      assert.ok(existsSync(join(import.meta.dirname, '../..', path)), `${path} does not exist`))
  }

  it('include every slow suite of jobs and schedules', () => {
    const slow = ['job', 'schedule'].flatMap((folder) =>
      readdirSync(join(import.meta.dirname, '..', folder)).map((name) => `spec/${folder}/${name}`),
    )
    assert.deepEqual(
      slow.filter((path) => path.endsWith('.slow.ts') && !shown.includes(path)),
      [],
    )
  })
})

describe('the tables of docs/filters.md', () => {
  const tests = rows('filters.md', 'test', 'holds for', 'not for')

  for (const [code = '', holding, failing] of tests) {
    it(`${code} holds and fails for the values in its row`, () => {
      const test = valueOf(pieces(code)[0] as string, filters) as (value: unknown) => boolean
      for (const value of pieces(holding)) assert.equal(test(valueOf(value, {})), true, value)
      for (const value of pieces(failing)) assert.equal(test(valueOf(value, {})), false, value)
    })
  }

  it('list every test', () => {
    const remembering = rows('filters.md', 'filter', 'passes of 1 1 3 2 3, a minute apart', 'use it for')
    const named = new Set([...tests, ...remembering].flatMap(([code = '']) => code.match(/[a-z]\w*/gi)))
    assert.deepEqual(
      Object.keys(filters).filter((name) => !named.has(name) && name !== 'fromJSON'),
      [],
    )
  })

  for (const [theirs, ours] of [
    ...rows('filters.md', 'StackStorm', 'here'),
    ...rows('filters.md', 'Node-RED', 'here'),
    ...rows('filters.md', 'EventBridge', 'here'),
    ...rows('filters.md', 'MongoDB', 'here'),
  ]) {
    it(`${theirs} has a counterpart that works`, () => {
      for (const code of pieces(ours)) assert.equal(typeof valueOf(code, filters), 'function', code)
    })
  }

  for (const [operator = '', made = ''] of rows(
    'filters.md',
    'operator',
    'turns the data 1, 1, 2, 3 into',
    'use instead',
  )) {
    it(`${operator} turns 1, 1, 2, 3 into what the table says`, async () => {
      assert.equal(await throughPipe(pieces(operator)[0] as string), made)
    })
  }
})

describe('the table of filters that remember', () => {
  for (const [filter = '', passed] of rows(
    'filters.md',
    'filter',
    'passes of 1 1 3 2 3, a minute apart',
    'use it for',
  )) {
    it(`${filter} passes what its row says`, async () => {
      const operator = valueOf(pieces(filter)[0] as string, filters) as rxjs.OperatorFunction<unknown, unknown>
      assert.equal(await passedOf([1, 1, 3, 2, 3], operator), passed)
    })
  }
})

describe('the tables of docs/testing.md', () => {
  it('name every law of a stream', () => {
    const stream = defineStream({ name: 's', summary: 's', events: {}, jobs: () => [] })
    const laws = streamLaws(stream, { options: {}, wire: fc.nat(), truth: String, serve: () => ({}) })
    assert.deepEqual(
      rows('testing.md', 'law', 'finds').map(([name]) => name),
      Object.keys(laws),
    )
  })
})

describe('the other tables of docs/testing.md', () => {
  const type = eventType('x').of<number>()
  const events = arbEvent(type, { data: fc.nat() })
  const hears = listener('x', on(type), () => undefined)
  const home = agent('x', [hears])
  const all = {
    pipe: pipeLaws(hears, { events }),
    handler: listenerLaws(hears, { events, world: {} }),
    agent: agentLaws(home, { events, before: home, stored: () => [] }),
  }
  for (const [of, laws] of Object.entries(all)) {
    it(`name every law of ${of === 'agent' ? 'an' : 'a'} ${of}`, () => {
      const names = rows('testing.md', `law of ${of === 'agent' ? 'an' : 'a'} ${of}`, 'finds').map(([name]) => name)
      assert.deepEqual(names, Object.keys(laws))
    })
  }
})

describe('the table of docs/why.md', () => {
  it('has every reason, in alphabetical order, as the code names them', () => {
    const told = rows('why.md', 'code', 'the event has not arrived, or has, because').map(([code, words]) => [
      pieces(code)[0],
      words,
    ])
    assert.deepEqual(told, Object.entries(whyReasons))
    assert.deepEqual(Object.keys(whyReasons), Object.keys(whyReasons).toSorted())
  })
})

describe('the table of docs/lint.md', () => {
  it('explains every rule, in alphabetical order, as the code names them', () => {
    const explained = rows('lint.md', 'code', 'finds', 'what to do').map(([code, finds]) => [pieces(code)[0], finds])
    assert.deepEqual(explained, Object.entries(lintRules))
    assert.deepEqual(Object.keys(lintRules), Object.keys(lintRules).toSorted())
  })
})

describe('the table of docs/graph.md', () => {
  it('has the fields of the nodes and edges of JSON', () => {
    const told = { 'a node': new Set<string>(), 'an edge': new Set<string>() }
    let of: keyof typeof told = 'a node'
    for (const [what, field] of rows('graph.md', 'of', 'field', 'value')) {
      if (what === 'a node' || what === 'an edge') of = what
      for (const name of pieces(field)) told[of].add(name)
    }
    const poll = job('poll', schedule.every().minute, () => [], { publishes: [eventType('repo')] })
    const both = ['one', 'two'].map((name) => listener(name, on('repo'), () => undefined))
    const origin = { type: 'repo', count: 1, last: 1 }
    const idle = { behind: 0, running: 0, retrying: 0, parked: 0 }
    const { nodes, edges } = graphOf(agent('home', [poll, both]), {
      flow: {
        events: [
          { ...origin, job: 'poll' },
          { ...origin, cause: 'repo' },
        ],
        listeners: [{ listener: 'one', type: 'repo', passed: 2, parked: 0 }],
      },
      listeners: [{ name: 'one', ...idle }],
      jobs: [],
    })
    const fieldsOf = (parts: readonly object[]) => new Set(parts.flatMap((part) => Object.keys(part)))
    assert.deepEqual(told, { 'a node': fieldsOf(nodes), 'an edge': fieldsOf(edges) })
  })
})

describe('the tables of docs/storage.md', () => {
  it('name every command that maintains a log', () => {
    const named = rows('storage.md', 'command', 'what it does').flatMap(([cell]) => commandsIn(cell))
    assert.deepEqual(
      named,
      Object.keys(tidings.commands.db.commands).map((command) => `db ${command}`),
    )
  })
})

describe('the tables of docs/operating.md', () => {
  it('name every route, and what it takes', () => {
    const words = (parts: Parts, optional: boolean): string =>
      Object.keys(parts)
        .filter((name) => parts[name]?.endsWith('?') === optional)
        .map((name) => `\`${name}\``)
        .join(', ') || '–'
    const served = operationsIn(contract).map((operation) => {
      const { method, path, answers } = operation
      const parts = partsOf(operation)
      return [method, `\`${path}\``, answers, words(parts, false), words(parts, true)]
    })
    const [who, ...written] = rows('operating.md', 'method', 'path', 'answers', 'needs', 'may have')
    assert.deepEqual(who, ['GET', '`/`', 'one', '–', '–'])
    assert.deepEqual(written, served)
  })

  it('name every command that reads a log or steers an agent', () => {
    const named = new Set(rows('operating.md', 'command', '').flatMap(([cell]) => commandsIn(cell)))
    const { events, jobs, listeners, parked } = tidings.commands
    for (const [group, { commands }] of Object.entries({ events, jobs, listeners, parked })) {
      for (const command of Object.keys(commands)) assert.ok(named.has(`${group} ${command}`), `${group} ${command}`)
    }
  })
})

/** The commands in a cell: `tidings jobs pause NAME`, and `resume NAME` for one of the same group. */
function commandsIn(cell = ''): string[] {
  let group = ''
  return pieces(cell).map((code) => {
    const [first = '', second = '', third = ''] = code.split(' ')
    if (first === 'tidings') group = second
    return `${group} ${first === 'tidings' ? third : first}`
  })
}

/** The output of a listener's pipe with this operator, for four events; a failed delivery is an error. */
async function throughPipe(code: string): Promise<string> {
  await using log = await memoryLog()
  await log.accept([1, 1, 2, 3].map((data, i) => ({ type: 'numbers', identifier: String(i), data })))
  const numbers = on('numbers').pipe(rxjs.map(({ data }) => data))
  const operator = valueOf(code, rxjs) as rxjs.OperatorFunction<unknown, unknown>
  const values: string[] = []
  const hear = listener('hear', numbers.pipe(operator), (value) => void values.push(JSON.stringify(value)))
  const { heard } = await tryOut({ log, listener: hear, again: { type: 'numbers' } })
  const failed = heard.filter(({ error }) => error !== undefined).length
  return [...values, ...(failed === 0 ? [] : [`${failed} failures`])].join(', ') || 'nothing'
}

/** What a listener with this filter hears of events a minute apart. */
async function passedOf(data: readonly number[], filter: rxjs.OperatorFunction<unknown, unknown>): Promise<string> {
  const clock = virtualClock()
  await using log = await memoryLog({ clock })
  const heard: string[] = []
  const words = (value: unknown): string =>
    Array.isArray(value)
      ? `[${value.map(words).join(' ')}]`
      : String((value as StoredEvent<string, { n: number }>).data.n)
  const hear = listener('hear', on('number').pipe(filter), (value) => void heard.push(words(value)))
  await using running = await start(agent('table', [hear]), { log, clock, logger: false })
  for (const [i, n] of data.entries()) {
    await running.publish('number', String(i), { n })
    await clock.advance(60_000)
  }
  await clock.advance(600_000)
  return heard.join(' ')
}
