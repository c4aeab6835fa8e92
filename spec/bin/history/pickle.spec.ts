import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { unpickle } from '../../../bin/history/pickle.ts'

const read = (base64: string) => unpickle(Buffer.from(base64, 'base64'))

/** What Python 3.11 wrote for a value, under each protocol of its own. */
const whole: readonly (readonly [what: string, json: string, pickles: readonly string[]])[] = [
  [
    'plain data',
    '{"id": 7, "title": "ü😀", "labels": ["a", "b"], "open": true, "closed": false, "milestone": null, "score": -1.5, "user": {"name": "x", "tags": []}}',
    [
      'gAJ9cQAoWAIAAABpZHEBSwdYBQAAAHRpdGxlcQJYBgAAAMO88J+YgHEDWAYAAABsYWJlbHNxBF1xBShYAQAAAGFxBlgBAAAAYnEHZVgEAAAAb3BlbnEIiFgGAAAAY2xvc2VkcQmJWAkAAABtaWxlc3RvbmVxCk5YBQAAAHNjb3JlcQtHv/gAAAAAAABYBAAAAHVzZXJxDH1xDShYBAAAAG5hbWVxDlgBAAAAeHEPWAQAAAB0YWdzcRBdcRF1dS4=',
      'gAN9cQAoWAIAAABpZHEBSwdYBQAAAHRpdGxlcQJYBgAAAMO88J+YgHEDWAYAAABsYWJlbHNxBF1xBShYAQAAAGFxBlgBAAAAYnEHZVgEAAAAb3BlbnEIiFgGAAAAY2xvc2VkcQmJWAkAAABtaWxlc3RvbmVxCk5YBQAAAHNjb3JlcQtHv/gAAAAAAABYBAAAAHVzZXJxDH1xDShYBAAAAG5hbWVxDlgBAAAAeHEPWAQAAAB0YWdzcRBdcRF1dS4=',
      'gASVgQAAAAAAAAB9lCiMAmlklEsHjAV0aXRsZZSMBsO88J+YgJSMBmxhYmVsc5RdlCiMAWGUjAFilGWMBG9wZW6UiIwGY2xvc2VklImMCW1pbGVzdG9uZZROjAVzY29yZZRHv/gAAAAAAACMBHVzZXKUfZQojARuYW1llIwBeJSMBHRhZ3OUXZR1dS4=',
      'gAWVgQAAAAAAAAB9lCiMAmlklEsHjAV0aXRsZZSMBsO88J+YgJSMBmxhYmVsc5RdlCiMAWGUjAFilGWMBG9wZW6UiIwGY2xvc2VklImMCW1pbGVzdG9uZZROjAVzY29yZZRHv/gAAAAAAACMBHVzZXKUfZQojARuYW1llIwBeJSMBHRhZ3OUXZR1dS4=',
    ],
  ],
  [
    'numbers',
    '[0, 1, 255, 256, 65535, 65536, -1, -2147483648, 2147483648, 1099511627776, -1099511627776, 9007199254740991, 1e+300]',
    [
      'gAJdcQAoSwBLAUv/TQABTf//SgAAAQBK/////0oAAACAigUAAACAAIoGAAAAAAABigYAAAAAAP+KB////////x9HfjfkPIgAdZxlLg==',
      'gANdcQAoSwBLAUv/TQABTf//SgAAAQBK/////0oAAACAigUAAACAAIoGAAAAAAABigYAAAAAAP+KB////////x9HfjfkPIgAdZxlLg==',
      'gASVSQAAAAAAAABdlChLAEsBS/9NAAFN//9KAAABAEr/////SgAAAICKBQAAAIAAigYAAAAAAAGKBgAAAAAA/4oH////////H0d+N+Q8iAB1nGUu',
      'gAWVSQAAAAAAAABdlChLAEsBS/9NAAFN//9KAAABAEr/////SgAAAICKBQAAAIAAigYAAAAAAAGKBgAAAAAA/4oH////////H0d+N+Q8iAB1nGUu',
    ],
  ],
  [
    'what JSON has no numbers for',
    '["1180591620717411303424", "-1180591620717411303424"]',
    [
      'gAJdcQAoigkAAAAAAAAAAECKCQAAAAAAAAAAwGUu',
      'gANdcQAoigkAAAAAAAAAAECKCQAAAAAAAAAAwGUu',
      'gASVGwAAAAAAAABdlCiKCQAAAAAAAAAAQIoJAAAAAAAAAADAZS4=',
      'gAWVGwAAAAAAAABdlCiKCQAAAAAAAAAAQIoJAAAAAAAAAADAZS4=',
    ],
  ],
  [
    'tuples of every length',
    '[[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]',
    [
      'gAJdcQAoKUsBhXEBSwFLAoZxAksBSwJLA4dxAyhLAUsCSwNLBHRxBGUu',
      'gANdcQAoKUsBhXEBSwFLAoZxAksBSwJLA4dxAyhLAUsCSwNLBHRxBGUu',
      'gASVIwAAAAAAAABdlCgpSwGFlEsBSwKGlEsBSwJLA4eUKEsBSwJLA0sEdJRlLg==',
      'gAWVIwAAAAAAAABdlCgpSwGFlEsBSwKGlEsBSwJLA4eUKEsBSwJLA0sEdJRlLg==',
    ],
  ],
  [
    'the same thing twice',
    '[["x"], ["x"], {"k": ["x"]}, {"k": ["x"]}]',
    [
      'gAJdcQAoXXEBWAEAAAB4cQJhaAF9cQNYAQAAAGtxBF1xBWgCYXNoA2Uu',
      'gANdcQAoXXEBWAEAAAB4cQJhaAF9cQNYAQAAAGtxBF1xBWgCYXNoA2Uu',
      'gASVHAAAAAAAAABdlChdlIwBeJRhaAF9lIwBa5RdlGgCYXNoA2Uu',
      'gAWVHAAAAAAAAABdlChdlIwBeJRhaAF9lIwBa5RdlGgCYXNoA2Uu',
    ],
  ],
  [
    'keys that are no text',
    '{"1": "true", "null": "none", "[1,2]": "pair"}',
    [
      'gAJ9cQAoSwFYBAAAAHRydWVxAU5YBAAAAG5vbmVxAksBSwKGcQNYBAAAAHBhaXJxBHUu',
      'gAN9cQAoSwFYBAAAAHRydWVxAU5YBAAAAG5vbmVxAksBSwKGcQNYBAAAAHBhaXJxBHUu',
      'gASVIwAAAAAAAAB9lChLAYwEdHJ1ZZROjARub25llEsBSwKGlIwEcGFpcpR1Lg==',
      'gAWVIwAAAAAAAAB9lChLAYwEdHJ1ZZROjARub25llEsBSwKGlIwEcGFpcpR1Lg==',
    ],
  ],
  [
    'a key that is special',
    '{"__proto__": {"x": 1}}',
    [
      'gAJ9cQBYCQAAAF9fcHJvdG9fX3EBfXECWAEAAAB4cQNLAXNzLg==',
      'gAN9cQBYCQAAAF9fcHJvdG9fX3EBfXECWAEAAAB4cQNLAXNzLg==',
      'gASVGQAAAAAAAAB9lIwJX19wcm90b19flH2UjAF4lEsBc3Mu',
      'gAWVGQAAAAAAAAB9lIwJX19wcm90b19flH2UjAF4lEsBc3Mu',
    ],
  ],
  [
    'a long text',
    '"abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"',
    [
      'gAJYkAEAAGFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJxAC4=',
      'gANYkAEAAGFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJxAC4=',
      'gASVlwEAAAAAAABYkAEAAGFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWKULg==',
      'gAWVlwEAAAAAAABYkAEAAGFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWKULg==',
    ],
  ],
]
/** Some of it is no JSON. */
const spoilt: readonly (readonly [what: string, json: string, pickle: string])[] = [
  [
    'an instance',
    '{"a": 1, "b": null, "c": 2}',
    'gAWVMQAAAAAAAAB9lCiMAWGUSwGMAWKUjAhfX21haW5fX5SMAViUk5QpgZR9lGgBSwFzYowBY5RLAnUu',
  ],
  [
    'a time of another sort',
    '[null]',
    'gAWVVwAAAAAAAABdlIwEdGltZZSMC3N0cnVjdF90aW1llJOUKE2yB0sBSwFLAEsASwBLA0sBSwB0lH2UKIwHdG1fem9uZZSMA0dNVJSMCXRtX2dtdG9mZpRLAHWGlFKUYS4=',
  ],
  ['a decimal', '{"d": null}', 'gAWVKAAAAAAAAAB9lIwBZJSMB2RlY2ltYWyUjAdEZWNpbWFslJOUjAMxLjWUhZRSlHMu'],
  ['bytes', '{"raw": null}', 'gAWVEAAAAAAAAAB9lIwDcmF3lEMDYWJjlHMu'],
  ['not a number', '[null, null, 1]', 'gAWVGQAAAAAAAABdlChHf/gAAAAAAABHf/AAAAAAAABLAWUu'],
]
const moment = 'gAWVMgAAAAAAAAB9lIwCYXSUjAhkYXRldGltZZSMCGRhdGV0aW1llJOUQwoH5AgbFwMVB5lQlIWUUpRzLg=='
const set = 'gAWVCQAAAAAAAACPlChLAUsCkC4='
const evil = 'gARjb3MKc3lzdGVtCowLZWNobyBoZWxsbyGFUi4='
const itself = 'gARdlGgAYS4='

describe('what Python pickled', () => {
  for (const [what, json, pickles] of whole) {
    it(`is read as JSON: ${what}`, () => {
      for (const pickle of pickles) assert.deepEqual(read(pickle), { data: JSON.parse(json), whole: true })
    })
  }

  it('is read so too when it is a moment, or a set', () => {
    assert.deepEqual(read(moment), { data: { at: '2020-08-27T23:03:21.498000' }, whole: true })
    assert.deepEqual(read(set), { data: [1, 2], whole: true })
  })

  for (const [what, json, pickle] of spoilt) {
    it(`has null in place of what is no JSON: ${what}`, () => {
      assert.deepEqual(read(pickle), { data: JSON.parse(json), whole: false })
    })
  }

  it('is never called', () => {
    assert.deepEqual(read(evil), { data: null, whole: false })
  })

  it('is refused when it is nothing of that kind, or ends too soon', () => {
    for (const text of ['', 'hello', '{"a":1}', '\x80\x04', '\x80\x04K', '\x80\x04u.', '\x80\x04a.', '\x80\x04\x86.']) {
      assert.throws(() => unpickle(Buffer.from(text, 'latin1')), RangeError, JSON.stringify(text))
    }
    assert.throws(() => read(itself), RangeError)
    for (const [, , pickles] of whole) {
      const bytes = Buffer.from(pickles.at(-1) as string, 'base64')
      for (let end = 0; end < bytes.length; end++) assert.throws(() => unpickle(bytes.subarray(0, end)), RangeError)
    }
  })
})
