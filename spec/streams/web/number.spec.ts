import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseNumber } from '../../../streams/web/number.ts'

describe('a number on a page', () => {
  for (const [text, value] of [
    ['7', 7],
    ['$1,234.50', 1234.5],
    ['€ 1.234,50', 1234.5],
    ['1 234,50 kr', 1234.5],
    ['1\u00a0234,50\u00a0€', 1234.5],
    ['1\u202f234\u202f567', 1_234_567],
    ["CHF 1'234.50", 1234.5],
    ['CHF 1’234.–', 1234],
    ['12,-', 12],
    ['12,99', 12.99],
    ['12.9', 12.9],
    ['1.234', 1234],
    ['1,234', 1234],
    ['0.234', 0.234],
    ['0,234', 0.234],
    ['1234.567', 1234.567],
    ['1.234.567', 1_234_567],
    ['1,234,567.891', 1_234_567.891],
    ['₹ 1,00,000.50', 100_000.5],
    ['-5', -5],
    ['−5,5 °C', -5.5],
    ['-€5', -5],
    ['- $ 5', -5],
    ['5-10 days', 5],
    ['A-7', 7],
    ['$.99', 0.99],
    ['No.5', 5],
    ['3 items of 250', 3],
    ['rated 4.5 of 5', 4.5],
    ['1.2.3', undefined],
    ['28.11.2026', undefined],
    ['1,2,3', undefined],
    ['1,234.567.890', undefined],
    ['sold out', undefined],
    ['', undefined],
  ] as const) {
    it(`in ${JSON.stringify(text)} is ${value}`, () => assert.equal(parseNumber(text), value))
  }

  it('is read with the decimal sign of the page', () => {
    assert.equal(parseNumber('1.234', '.'), 1.234)
    assert.equal(parseNumber('1,234', '.'), 1234)
    assert.equal(parseNumber('1.234', ','), 1234)
    assert.equal(parseNumber('1.2.3', '.'), undefined)
  })
})
