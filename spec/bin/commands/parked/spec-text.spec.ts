import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { literal, specText } from '../../../../bin/commands/parked/spec-text.ts'
import { anyCharacter } from '../../../../lib/testing/any-character.ts'
import { fc } from '../../../../lib/testing/index.ts'

const parked = {
  listener: 'mail',
  attempts: 1,
  at: '2026-01-02T00:00:00.000Z',
  error: { name: 'Error', message: 'no' },
  event: { seq: 3, type: 'opened', identifier: '7', data: { n: 7 }, created: 5, version: '2' },
  state: {},
  calls: [],
}

describe('the spec of a parked event', () => {
  it('has what is known, and nothing else', () => {
    assert.equal(
      specText(parked, { from: '../home.ts', name: 'default' }),
      `// Event 3, parked 2026-01-02T00:00:00.000Z after 1 attempt:
// Error: no
// This spec fails until listener "mail" handles it.
import { test } from 'node:test'
import { deliverParked } from 'tidings/testing'
import agent from '../home.ts'

test('listener "mail" handles opened "7"', () =>
  deliverParked(agent, {
    listener: 'mail',
    at: '2026-01-02T00:00:00.000Z',
    event: {
      type: 'opened',
      identifier: '7',
      data: {
        n: 7,
      },
      version: '2',
      created: 5,
    },
  }))
`,
    )
  })

  it('imports the agent by the name of its export', () => {
    const imported = (name: string) => /^import .*home/m.exec(specText(parked, { from: './home.ts', name }))?.[0]
    assert.equal(imported('agent'), "import { agent } from './home")
    assert.equal(imported('house'), "import { house as agent } from './home")
  })

  it('keeps what an event says in its comments and texts', () => {
    const hostile = "'\\'); throw 1 //\u2028throw 2\n*/ \u001b[2J"
    const text = specText(
      {
        ...parked,
        listener: hostile,
        error: { name: hostile, message: hostile.repeat(99) },
        event: { ...parked.event, type: hostile, identifier: hostile },
      },
      { from: hostile, name: 'default' },
    )
    const [first, second, third, fourth] = text.split(/[\n\u2028]/)
    assert.ok([first, second, third].every((line) => line?.startsWith('// ')))
    assert.equal(fourth, "import { test } from 'node:test'")
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Zl}]/u)
    assert.doesNotMatch(text, /^ *throw/m)
  })
})

describe('JSON in a spec', () => {
  it('is the same JSON when the spec is run', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3, stringUnit: anyCharacter }), (value) => {
        const source = literal(value)
        // Plain text: nothing in it acts on a terminal, or ends a line.
        assert.doesNotMatch(source.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        // oxlint-disable-next-line typescript/no-implied-eval
        const read: unknown = new Function(`return ${source}`)()
        assert.deepEqual(JSON.stringify(read), JSON.stringify(JSON.parse(JSON.stringify(value))))
      }),
      { numRuns: 50, examples: [['\u2028\u2029\u202e\u001b\'"\\`${1}'], [JSON.parse('{"__proto__":{"a":1}}')]] },
    )
  })
})
