import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nextLink } from '../../../streams/http/link.ts'
import { cpuTime } from '../../support/cpu-time.ts'

describe('the next page in a Link header', () => {
  for (const [header, target] of [
    ['<https://x.example/?p=2>; rel="next"', 'https://x.example/?p=2'],
    ['</?p=1>; rel="prev first", </?p=3,4;5>; title="a, <b>; rel=x"; rel="last Next"', '/?p=3,4;5'],
    ['<a>;REL=next', 'a'],
    ['<a>; rel=prev, <b>;title="rel=next"; rel=last', undefined],
    ['<a>; rel="nextpage"', undefined],
    ['a; rel=next', undefined],
    ['', undefined],
    [null, undefined],
  ] as const) {
    it(`of ${header} is ${target}`, () => assert.equal(nextLink(header), target))
  }

  it('is looked for in linear time', () => {
    const spent = cpuTime()
    nextLink(`<a${';"'.repeat(8000)}`)
    nextLink('<a>;'.repeat(4000))
    nextLink(`<a>${'; rel'.repeat(4000)}`)
    assert.ok(spent() < 2000)
  })
})
