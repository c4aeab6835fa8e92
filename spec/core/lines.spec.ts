import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { lines } from '../../lib/core/lines.ts'
import { list } from '../../lib/testing/log-bench.ts'

async function* inPieces(text: string | Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let [at, i] = [0, 0]; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length
    yield bytes.subarray(at, at + size)
    at += size
  }
}

describe('lines', () => {
  it('yields the lines of the text, wherever it is cut into pieces', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', 'ü', '\u2028', '\u{1f600}'), maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (whole, sizes) => {
        const expected = whole.split('\n')
        if (expected.at(-1) === '') expected.pop()
        assert.deepEqual(await list(lines(inPieces(whole, sizes))), expected)
      }),
    )
  })

  it('throws for a line that is too long or not utf8, after yielding the earlier ones', async () => {
    const given: string[] = []
    const read = async (text: string | Buffer, sizes: readonly number[] = [1]): Promise<void> => {
      for await (const line of lines(inPieces(text, sizes), 5)) given.push(line)
    }
    await assert.rejects(read('one\ntwo\nthree and more\n'), RangeError)
    await assert.rejects(read(Buffer.from([0x61, 0x0a, 0xff, 0x0a])), TypeError)
    await assert.rejects(read(Buffer.from([0x62, 0x0a, 0xc3])), TypeError)
    assert.deepEqual(given, ['one', 'two', 'a', 'b'])
  })
})
