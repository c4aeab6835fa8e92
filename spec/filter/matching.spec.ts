import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Criteria, matching } from '../../lib/filter/matching.ts'
import { value } from './arbitraries.ts'

const event = {
  type: 'issue',
  identifier: '7',
  seq: 5,
  created: Date.parse('2026-05-01'),
  job: 'github',
  data: { stars: 3, title: 'Crash', due: '2026-06-01T00:00:00Z', closed: null, repo: { name: 'x/y' } },
}
const holds = (criteria: Criteria): boolean => matching(criteria)(event)

describe('matching', () => {
  it('== and in hold for the values they name, strictly', () => {
    assert.equal(holds({ type: ['==', 'issue'] }), true)
    assert.equal(holds({ type: ['==', 'Issue'] }), false)
    assert.equal(holds({ type: ['in', ['pr', 'issue']] }), true)
    assert.equal(holds({ type: ['in', ['pr']] }), false)
    assert.equal(holds({ 'data.stars': ['==', 3] }), true)
    assert.equal(holds({ 'data.stars': ['==', '3'] }), false)
    assert.equal(holds({ 'data.stars': ['in', ['3', 3]] }), true)
    assert.equal(holds({ 'data.closed': ['==', null] }), true)
    assert.equal(holds({ 'data.nope': ['==', null] }), false)
  })

  it('!= is the negation of ==, also for a missing field', () => {
    assert.equal(holds({ type: ['!=', 'issue'] }), false)
    assert.equal(holds({ type: ['!=', 'pr'] }), true)
    assert.equal(holds({ version: ['!=', '1'] }), true)
    assert.equal(holds({ 'data.nope': ['!=', 1] }), true)
  })

  it('< and > order by kind, and are false across kinds', () => {
    assert.deepEqual(
      [4, 5, 6].map((seq) => holds({ seq: ['<', seq] })),
      [false, false, true],
    )
    assert.deepEqual(
      [4, 5, 6].map((seq) => holds({ seq: ['>', seq] })),
      [true, false, false],
    )
    assert.equal(holds({ identifier: ['<', '8'] }), true)
    assert.equal(holds({ 'data.stars': ['>', '1'] }), false)
    assert.equal(holds({ 'data.nope': ['<', 9] }), false)
  })

  it('a Date is an instant: of created in ms, and of ISO strings in data', () => {
    const day = new Date('2026-05-01')
    const later = new Date('2026-05-02')
    assert.equal(holds({ created: ['<', later] }), true)
    assert.equal(holds({ created: ['<', day] }), false)
    assert.equal(holds({ created: ['>', new Date('2026-04-30')] }), true)
    assert.equal(holds({ created: ['>', day] }), false)
    assert.equal(holds({ created: ['==', day] }), true)
    assert.equal(holds({ created: ['!=', day] }), false)
    assert.equal(holds({ created: ['in', [later, day]] }), true)
    assert.equal(holds({ created: ['in', [later]] }), false)
    assert.equal(holds({ created: ['>', event.created - 1] }), true)
    assert.equal(holds({ 'data.due': ['>', later] }), true)
    assert.equal(holds({ 'data.due': ['==', new Date('2026-06-01')] }), true)
    assert.equal(holds({ 'data.title': ['<', later] }), false)
  })

  it('all fields must hold; without any it holds always', () => {
    assert.equal(holds({ type: ['==', 'issue'], 'data.repo.name': ['==', 'x/y'], seq: ['<', 9] }), true)
    assert.equal(holds({ type: ['==', 'issue'], 'data.repo.name': ['==', 'x/z'], seq: ['<', 9] }), false)
    assert.equal(holds({ type: ['==', 'pr'], seq: ['<', 9] }), false)
    assert.equal(holds({}), true)
  })

  it('reads the Python agent’s event_type as type', () => {
    assert.equal(holds({ event_type: ['==', 'issue'] }), true)
    assert.equal(holds({ event_type: ['in', ['pr']] }), false)
    assert.equal(matching({ event_type: ['==', 'pr'] })({ event_type: 'pr' }), false)
  })

  it('exposes the only types that can match, if it names them', () => {
    assert.deepEqual(matching({ type: ['==', 'a'] }).types, ['a'])
    assert.deepEqual(matching({ event_type: ['in', ['a', 'b']], seq: ['>', 1] }).types, ['a', 'b'])
    for (const criteria of [
      {},
      { type: ['!=', 'a'] },
      { type: ['<', 'b'] },
      { 'data.type': ['==', 'a'] },
    ] as Criteria[]) {
      assert.equal('types' in matching(criteria), false)
    }
  })

  it('carries an immutable copy of its criteria', () => {
    const list = ['a', 'b']
    const date = new Date(5)
    const criteria: Criteria = { event_type: ['in', list], created: ['<', date] }
    const test = matching(criteria)
    list.push('issue')
    date.setTime(8e15)
    assert.deepEqual(test.criteria, { event_type: ['in', ['a', 'b']], created: ['<', new Date(5)] })
    assert.equal(test({ type: 'issue', created: 1 }), false)
    assert.equal(test({ type: 'a', created: 6 }), false)
    assert.equal(test({ type: 'a', created: 4 }), true)
    assert.throws(() => Object.assign(test.criteria, { seq: ['==', 1] }), TypeError)
    assert.throws(() => (test.types as string[]).push('c'), TypeError)
  })

  it('reads like code and keeps its shape as JSON', () => {
    const test = matching({
      type: ['in', ['a', 'b']],
      seq: ['<', 3],
      created: ['<', new Date(0)],
      'data.x': ['==', null],
    })
    const start = "new Date('1970-01-01T00:00:00.000Z')"
    const code = `matching({ type: ['in', ['a', 'b']], seq: ['<', 3], created: ['<', ${start}], 'data.x': ['==', null] })`
    assert.equal(String(test), code)
    assert.deepEqual(JSON.parse(JSON.stringify(test)), {
      matching: [
        { type: ['in', ['a', 'b']], seq: ['<', 3], created: ['<', '1970-01-01T00:00:00.000Z'], 'data.x': ['==', null] },
      ],
    })
    assert.equal(String(matching({})), 'matching({})')
  })

  it('never throws, for any value', () => {
    const test = matching({ type: ['!=', 'a'], created: ['!=', new Date(0)], 'data.a.b': ['!=', 1] })
    fc.assert(
      fc.property(value, value, (v, data) => typeof test(v) === 'boolean' && typeof test({ data }) === 'boolean'),
    )
    assert.equal(matching({ 'data.constructor': ['!=', 1] })({ data: {} }), true)
  })

  it('rejects invalid criteria, and names the field, the expectation and the value', () => {
    const fields = 'type, event_type, identifier, version, job, seq, created, cause, revision, data or data.…'
    const rows: [unknown, string][] = [
      [null, "matching() expects criteria such as { type: ['==', 'x'] }, and got null"],
      [[], "matching() expects criteria such as { type: ['==', 'x'] }, and got an empty array"],
      [new Map(), "matching() expects criteria such as { type: ['==', 'x'] }, and got an object"],
      ['x', "matching() expects criteria such as { type: ['==', 'x'] }, and got 'x'"],
      [{ typ: ['==', 'x'] }, `matching() expects fields of an event (${fields}), and got 'typ'`],
      [{ 'type.x': ['==', 'x'] }, `matching() expects fields of an event (${fields}), and got 'type.x'`],
      [{ constructor: ['==', 'x'] }, `matching() expects fields of an event (${fields}), and got 'constructor'`],
      [{ 'data..x': ['==', 'x'] }, "matching() expects a path such as 'data.title', and got 'data..x'"],
      [{ type: 'x' }, "matching(): type expects a pair such as ['==', 'x'], and got 'x'"],
      [{ type: ['=='] }, "matching(): type expects a pair such as ['==', 'x'], and got an array"],
      [{ seq: ['<=', 3] }, "matching(): seq expects one of the operators == != < > in, and got '<='"],
      [{ seq: [3, '<'] }, 'matching(): seq expects one of the operators == != < > in, and got 3'],
      [{ type: ['in', 'x'] }, "matching(): type in expects an array of at least one value, and got 'x'"],
      [{ type: ['in', []] }, 'matching(): type in expects an array of at least one value, and got an empty array'],
      [{ identifier: ['==', 7] }, 'matching(): identifier expects a string, and got 7'],
      [{ type: ['in', ['x', null]] }, 'matching(): type expects a string, and got null'],
      [{ created: ['<', '2026-01-01'] }, "matching(): created expects a number or Date, and got '2026-01-01'"],
      [{ seq: ['<', new Date(0)] }, 'matching(): seq expects a number, and got a Date'],
      [{ 'data.x': ['<', true] }, 'matching(): data.x expects a number (not NaN), string or valid Date, and got true'],
      [
        { type: ['==', 'x'], event_type: ['==', 'x'] },
        'matching() expects type or event_type, which are one field, and got both',
      ],
    ]
    for (const [criteria, message] of rows) {
      assert.throws(() => matching(criteria as Criteria), { name: 'TypeError', message })
    }
    assert.throws(
      () => matching({ 'data.x': ['==', Number.NaN] }),
      /^TypeError: matching\(\): data\.x expects .* and got NaN$/,
    )
    assert.throws(
      () => matching({ 'data.x': ['==', {} as never] }),
      /^TypeError: matching\(\): data\.x expects .* and got an object$/,
    )
    assert.throws(
      () => matching({ created: ['<', new Date('x')] }),
      /^TypeError: matching\(\): created expects .* invalid Date$/,
    )
  })
})
