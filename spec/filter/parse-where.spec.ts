import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseWhere } from '../../lib/filter/parse-where.ts'

const event = {
  type: 'github.issue',
  identifier: '7',
  seq: 5,
  created: Date.parse('2026-05-01T12:00:00Z'),
  job: 'github.issues',
  data: {
    stars: 3,
    title: 'It "crashes"',
    draft: false,
    closed: null,
    due: '2026-06-01T00:00:00Z',
    words: ['a', 'b'],
    none: [],
    labels: [
      { name: 'bug', rank: 2 },
      { name: 'ui', rank: 9 },
    ],
    'odd-key': 1,
  },
}

/** Expressions, whether they hold for the event above, and the filter that they stand for. */
const TABLE: readonly [expression: string, holds: boolean, filter?: string][] = [
  ['data.stars > 2', true, "at('data.stars', gt(2))"],
  ['data.stars>=3', true, "at('data.stars', gte(3))"],
  ['data.stars <= 2.5', false],
  ['data.stars < -1e3', false, "at('data.stars', lt(-1000))"],
  ['data.stars = "3"', false],
  ['data.nope = 3', false],
  ['data.nope != 3', true, "at('data.nope', not(eq(3)))"],
  ['type ~ "github.*"', true, "at('type', glob('github.*'))"],
  ['type !~ "github.*"', false],
  ['type = "github.issue" and data.stars > 9', false, "all(at('type', eq('github.issue')), at('data.stars', gt(9)))"],
  ['data.stars > 9 or type ~ "*.issue" and seq = 5', true],
  ['(data.stars > 9 or type ~ "*.issue") and seq = 6', false],
  ['not data.draft = true and not (seq = 6)', true],
  ['not not data.draft = false', true],
  [String.raw`data.title contains "\"crash"`, true],
  ["data.title startsWith 'It '", true],
  ["data.title endsWith '\"'", true],
  ['data.words contains "b"', true],
  ['identifier in ("6", "7")', true, "at('identifier', oneOf('6', '7'))"],
  ['data.stars in (1, 2)', false],
  ['data.closed = null', true],
  ['data.closed is null', true],
  ['data.closed exists', false],
  ['data.draft exists', true],
  ['data.none is empty', true],
  ['data.words is array and data is object and data.title is string', true],
  ['created >= 2026-05-01', true],
  ['created < 2026-05-01', false],
  ['created = 2026-05-01T12:00Z', true],
  ['created <= 2026-05-01T12:00:00Z', true],
  ['created > 2026-05-01T14:00:00+02:00', false],
  ['created != 2026-05-01T12:00Z', false],
  ['created in (2026-05-01T12:00Z, 2026-05-02)', true],
  ['created before 2026-05-02 and data.due after "2026-05-30"', true],
  ['data.due > 2026-05-30', true],
  [
    'data.labels some (name = "bug" and rank < 3)',
    true,
    "at('data.labels', some(all(at('name', eq('bug')), at('rank', lt(3)))))",
  ],
  ['data.labels each (rank > 2)', false],
  ['data.words some (it = "b")', true, "at('data.words', some(eq('b')))"],
  ['data.labels.1.name = "ui"', true],
  ['data.odd-key = 1', true],
]

describe('an expression about events', () => {
  for (const [expression, holds, filter] of TABLE) {
    it(`${expression} is ${holds}`, () => {
      const test = parseWhere(expression)
      assert.equal(test(event), holds)
      if (filter !== undefined) assert.equal(String(test), filter)
    })
  }

  it('that is wrong is refused with its column', () => {
    const rows: readonly [string, number, RegExp][] = [
      ['', 1, /expected a path such as data\.title, got the end/],
      ['data.stars >', 13, /expected a value, got the end/],
      ['data.stars > 3 data.x = 1', 16, /expected "and", "or" or the end, got data\.x/],
      ['data.title = crash', 14, /got crash; text needs quotes: "crash"/],
      ['stars > 3', 1, /an event has no stars; .* Did you mean data\.stars\?/],
      ['data..x = 1', 1, /expected a path/],
      ['data.x == 1', 9, /expected a value, got =/],
      ['data.x = 1 && seq = 2', 12, /&& is written and/],
      ['data.x = 1 || seq = 2', 12, /\|\| is written or/],
      ['!data.x = 1', 1, /! is written not/],
      ['data.x = "a', 10, /this quote is not closed/],
      ['data.x = 2026-02-30', 10, /2026-02-30 is not in the calendar/],
      ['data.x ~ 3', 10, /expected text in quotes/],
      ['data.x before "soon"', 15, /expected a moment/],
      ['data.x in ()', 12, /expected a value, got \)/],
      ['data.x in (1', 13, /expected \), got the end/],
      ['data.x is many', 11, /expected empty, string, .* got many/],
      ['data.x likes "a"', 8, /expected an operator, got likes; there are\n {2}= != .*\n {2}before .* each$/m],
      ['data.x < true', 10, /expected text, a number or a moment after <, got true/],
      ['(data.x = 1', 12, /expected \), got the end/],
      ['data.x = 1; seq = 2', 11, /";" has no meaning here/],
      ['data.x = 1 and', 15, /expected a path/],
      [`data.text = "${'a'.repeat(200)}" and data.n > x and data.other = 5`, 229, /expected a value, got x/],
      [`${'('.repeat(10_000)}data.x = 1`, 101, /nested 100 deep/],
      [`${'not '.repeat(10_000)}data.x = 1`, 401, /nested 100 deep/],
    ]
    for (const [expression, column, words] of rows) {
      assert.throws(
        () => parseWhere(expression),
        (error: unknown) => {
          const { name, message } = error as Error
          const [shown = '', pointer = ''] = message.split('\n').slice(-2)
          assert.equal(name, 'TypeError')
          assert.match(message, words)
          assert.ok(message.startsWith(`column ${column}: `), `${expression}: ${message}`)
          // Long expressions are cut around the column.
          for (const line of message.split('\n').slice(1)) assert.ok(line.length < 78, line)
          const at = pointer.indexOf('^')
          assert.equal(pointer, `${' '.repeat(at)}^`)
          if (expression.length <= 70) assert.equal(shown, `  ${expression}`)
          assert.ok(expression.includes(shown.slice(3, 60).replace('…', '')))
          assert.equal(shown[at], expression[column - 1])
          return true
        },
      )
    }
  })

  it('never fails with anything but such an error', () => {
    const piece = fc.constantFrom(
      'data.x',
      'and',
      'or',
      'not',
      '(',
      ')',
      '=',
      '<',
      '"a"',
      '1',
      'in',
      ',',
      'is',
      'some',
      '2026-01-01',
      '.',
      '!',
    )
    const expressions = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 8 }).map((all) => all.join(' ')),
    )
    fc.assert(
      fc.property(expressions, (expression) => {
        try {
          assert.equal(typeof parseWhere(expression)(event), 'boolean')
        } catch (error) {
          assert.ok(error instanceof TypeError && error.message.startsWith('column '), String(error))
        }
      }),
      { numRuns: 2000 },
    )
  })
})
