import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { unpickle } from '../../../bin/history/pickle.ts'
import { cpuTime } from '../../support/cpu-time.ts'

const read = (base64: string) => unpickle(Buffer.from(base64, 'base64'))
const text = (latin1: string) => unpickle(Buffer.from(latin1, 'latin1'))

/** What Python 3.11 wrote for a value, under each protocol that can; made by pickles.py. */
interface Fixture {
  readonly name: string
  readonly json: unknown
  readonly whole: boolean
  readonly pickles: readonly string[]
}
const fixtures = JSON.parse(readFileSync(join(import.meta.dirname, 'pickles.json'), 'utf8')) as readonly Fixture[]

describe('unpickle', () => {
  for (const { name, json, whole, pickles } of fixtures) {
    it(`reads ${name}, in each protocol`, () => {
      for (const pickle of pickles) assert.deepEqual(read(pickle), { data: json, whole })
    })
  }

  it('reads pickles of Python 2', () => {
    assert.deepEqual(text("(lp0\nS'it\\'s \\xc3\\xa9\\n'\np1\naVx\\u20ac\np2\naI01\naL5L\na."), {
      data: ["it's é\n", 'x€', true, 5],
      whole: true,
    })
    assert.deepEqual(text('\x80\x02U\x02\xe9\xff.'), { data: 'éÿ', whole: true })
    const moment = "cdatetime\ndatetime\np0\n(S'\\x07\\xe4\\x08\\x1b\\x17\\x03\\x15\\x07\\x99P'\np1\ntp2\nRp3\n."
    assert.deepEqual(text(moment), { data: '2020-08-27T23:03:21.498000', whole: true })
    assert.deepEqual(text('(dp0\nVa\np1\nF1.5\ns.'), { data: { a: 1.5 }, whole: true })
  })

  it('keeps the local time of an unknown zone, and reports it as incomplete', () => {
    const zones = ['cmine\nZone\n)R', 'N)R', 'cpytz\n_p\n(Vnowhere/at/all\ntR', 'cdatetime\ntimezone\n(I5\ntR']
    for (const zone of zones) {
      const aware = `cdatetime\ndatetime\n(S'\\x07\\xe4\\x08\\x1b\\x17\\x03\\x15\\x07\\x99P'\n${zone}tR.`
      assert.deepEqual(text(aware), { data: '2020-08-27T23:03:21.498000', whole: false }, zone)
    }
  })

  it('returns null for an invalid date or time', () => {
    const states = [
      '\\x07\\xe4\\x0d\\x1b\\x17\\x03\\x15\\x07\\x99P',
      '\\x07\\xe4\\x02\\x1e\\x17\\x03\\x15\\x07\\x99P',
      'short',
      '',
    ]
    for (const state of states) {
      assert.deepEqual(text(`cdatetime\ndatetime\n(S'${state}'\ntR.`), { data: null, whole: false }, state)
    }
    assert.deepEqual(text("cdatetime\ndate\n(S'\\x07\\xe4\\x02\\x1e'\ntR."), { data: null, whole: false })
    assert.deepEqual(text("cdatetime\ntime\n(S'\\x18\\x00\\x00\\x00\\x00\\x00'\ntR."), { data: null, whole: false })
  })

  it('calls nothing, and returns null for the result of a call', () => {
    for (const name of ['os\nsystem', 'posix\nsystem', 'builtins\neval', 'subprocess\nrun', 'builtins\ngetattr']) {
      assert.deepEqual(text(`c${name}\n(Vecho hello!\ntR.`), { data: null, whole: false }, name)
      assert.deepEqual(text(`(i${name}\n.`), { data: null, whole: false }, name)
    }
    assert.deepEqual(text('\x80\x02P1\n.'), { data: null, whole: false })
    assert.deepEqual(text('\x80\x02\x82\x01.'), { data: null, whole: false })
  })

  it('rejects anything but a complete pickle', () => {
    for (const each of ['', 'hello', '{"a":1}', '\x80\x04', '\x80\x04K', '\x80\x04u.', '\x80\x04a.', '\x80\x04\x86.']) {
      assert.throws(() => text(each), RangeError, JSON.stringify(each))
    }
    for (const { pickles } of fixtures) {
      for (const pickle of [pickles[0], pickles.at(-1)]) {
        const bytes = Buffer.from(pickle as string, 'base64')
        for (let end = 0; end < Math.min(bytes.length, 300); end++)
          assert.throws(() => unpickle(bytes.subarray(0, end)), RangeError)
      }
    }
  })
})

const bytes = (...parts: readonly (string | number | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : typeof part === 'number' ? Buffer.from([part]) : part,
    ),
  )
const u32 = (n: number): Buffer => {
  const four = Buffer.alloc(4)
  four.writeUInt32LE(n)
  return four
}
const many = (count: number, part: string): string => part.repeat(count)
/** Something kept, then ten references to it, kept, ten references to that … */
const tenfold = (first: string, times: number, open: string, close: string): Buffer => {
  let program = `${first}q\0`
  for (let i = 0; i < times; i++)
    program += `${open}${many(10, `h${String.fromCharCode(i)}`)}${close}q${String.fromCharCode(i + 1)}`
  return bytes('\x80\x04', program, '.')
}
const huge = '\xff\xff\xff\xff\xff\xff\xff\x7f'
const megabyte = bytes('X', u32(1_000_000), Buffer.alloc(1_000_000, 'x'), 'q\0')
const encoded = (text: Buffer): Buffer =>
  bytes('\x80\x04', text, 'c_codecs\nencode\nq\x01(', many(100_000, 'h\x01h\0\x85R'), 'l.')

const attacks: Readonly<Record<string, Buffer>> = {
  'a class without the end of its line': bytes('\x80\x02cos'),
  'a line that never ends': bytes(`V${many(100_000, 'x')}`),
  'tuples of tuples': tenfold(']', 8, '(', 't'),
  'lists of lists': tenfold(']', 60, ']\x28', 'e'),
  'dictionaries of dictionaries': tenfold('}', 60, '}\x28', 'u'),
  'keys of keys': tenfold('N', 60, '(', 't}\x28h\x02Nu0h\x03'),
  'calls of calls': tenfold(']', 60, 'cmine\nSet\n(', 'l\x85R'),
  'new instances of new instances': tenfold('N', 60, 'cmine\nPoint\n(', 't\x81'),
  'states of states': tenfold('}', 60, 'cuuid\nUUID\n)\x81}\x28', 'ub'),
  'text many times': bytes('\x80\x04', megabyte, '(', many(100_000, 'h\0'), 'l.'),
  'bytes made of text many times': encoded(megabyte),
  'names made of text many times': bytes('\x80\x04', megabyte, '(', many(100_000, 'h\0h\0\x93'), 'l.'),
  'a long of 16 MB': bytes('\x80\x04\x8b', u32(16_000_000), Buffer.alloc(16_000_000, 0x7f), '.'),
  'a number of many digits': bytes(`I${many(1_000_000, '9')}\n.`),
  'a long of many digits': bytes(`L${many(1_000_000, '9')}L\n.`),
  'a float of many digits': bytes(`F${many(1_000_000, '9')}\n.`),
  marks: bytes(many(1_100_000, '('), '.'),
  duplicates: bytes('N', many(1_100_000, '2'), '.'),
  dictionaries: bytes(many(1_100_000, '}'), '.'),
  calls: bytes('N)Rq\0', many(600_000, ')\x81)R'), '.'),
  'lists in lists': bytes(many(300_000, ']'), many(299_999, 'a'), '.'),
  'calls in calls': bytes('cmine\nSet\nq\0', many(100_000, 'h\0'), ']', many(100_000, '\x85R'), '.'),
  'reconstructions in reconstructions': bytes('N', many(50_000, 'q\0ccopyreg\n_reconstructor\n(NNh\0tR'), '.'),
  'a list in itself': bytes('\x80\x04]q\0h\0a.'),
  'a dictionary in itself': bytes('\x80\x04}q\0Nh\0s.'),
  'a key that has itself': bytes('\x80\x04]q\0}h\0Ns\x85R.'),
  'an instance in its own state': bytes('\x80\x04cuuid\nUUID\n)\x81q\0}X', u32(3), 'inth\0sb.'),
  'a zone that is its own moment': bytes('\x80\x04cdatetime\ndatetime\n]q\0h\0aR.'),
  'a place far away': bytes('\x80\x04Nr\xff\xff\xff\xff\x94\x94.'),
  'a place that is none': bytes('Np-1\n.'),
  'a value that was not kept': bytes('\x80\x04h\x05.'),
  'text of 2^63 bytes': bytes('\x80\x04\x8d', huge, '.'),
  'bytes of 2^63 bytes': bytes('\x80\x04\x8e', huge, '.'),
  'a byte array of 2^63 bytes': bytes('\x80\x05\x96', huge, '.'),
  'a frame of 2^63 bytes': bytes('\x80\x04\x95', huge, 'N.'),
  'text of -1 bytes': bytes('T\xff\xff\xff\xff.'),
  'items of nothing': bytes('N(NNu.'),
  'an item without a value': bytes('}(NNNu.'),
  'a state of nothing': bytes('Nb.'),
  'a call without arguments': bytes('NNR.'),
  'a character that is none': bytes('V\\U99999999\n.'),
  'pops of nothing': bytes('0'),
  'more than 32 MB': Buffer.alloc(33 * 1024 * 1024, 'N'),
}

/** Checks that it is answered: with JSON that fits an event, or a refusal. */
function answered(pickled: Uint8Array): void {
  try {
    const { data } = unpickle(pickled)
    JSON.stringify(data)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    assert.match(error.message, /^a pickle |^Invalid code point/)
  }
}

describe('unpickle answers a hostile pickle in bounded time:', () => {
  for (const [what, pickled] of Object.entries(attacks)) {
    it(what, () => {
      const spent = cpuTime()
      answered(pickled)
      const ms = spent()
      assert.ok(ms < 5000, `it took ${ms} ms`)
    })
  }

  it('one with random changes', () => {
    const samples = fixtures.flatMap(({ pickles }) => pickles).map((each) => Buffer.from(each, 'base64'))
    const change = fc.record({
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      gone: fc.nat(4),
      put: fc.uint8Array({ maxLength: 4 }),
    })
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 4 }), (sample, changes) => {
        let changed = sample
        for (const { at, gone, put } of changes) {
          const from = Math.floor(at * changed.length)
          changed = Buffer.concat([changed.subarray(0, from), put, changed.subarray(from + gone)])
        }
        answered(changed)
      }),
      { numRuns: 3000 },
    )
  })

  it('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), answered), { numRuns: 3000 })
  })
})
