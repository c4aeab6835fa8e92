import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { keepSecret } from '../../../bin/user/keep-secret.ts'
import { processSecrets } from '../../../lib/cli.ts'

type Piece = string | Uint8Array

/** What gets out of a process that knows these secrets, and writes these pieces. */
function printed(values: readonly string[], pieces: readonly Piece[]): Buffer {
  const env = Object.fromEntries(values.map((value, i) => [`S${i}`, value]))
  const secrets = processSecrets(env, '/nowhere')
  const out: Buffer[] = []
  const output = { write: (chunk: unknown) => out.push(chunk as Buffer) > 0 }
  const ending = new EventEmitter()
  keepSecret(secrets, output, ending)
  for (const name of Object.keys(env)) secrets.secret(name)
  for (const piece of pieces) output.write(piece)
  ending.emit('exit')
  return Buffer.concat(out)
}

describe('keepSecret', () => {
  it('removes a value from text and from bytes', () => {
    const pieces = ['a hush-hush b ', Buffer.from('c hush-hush d '), new Uint8Array(Buffer.from('é hush-hush'))]
    assert.equal(printed(['hush-hush'], pieces).toString(), 'a [secret] b c [secret] d é [secret]')
  })

  it('removes a value that arrives in pieces, even when a character is cut in two', () => {
    const bytes = Buffer.from('x p@sswörd y')
    for (let cut = 0; cut <= bytes.length; cut++) {
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)]
      assert.equal(printed(['p@sswörd'], pieces).toString(), 'x [secret] y', `cut at ${cut}`)
    }
    assert.equal(printed(['hush-hush'], 'x hush-hush y'.split('')).toString(), 'x [secret] y')
  })

  it('waits for the longer one when one secret is the beginning of another', () => {
    assert.equal(printed(['token', 'token-and-more'], ['x token', '-and-more y']).toString(), 'x [secret] y')
    assert.equal(printed(['token', 'token-and-more'], ['x token', '-and-less y']).toString(), 'x [secret]-and-less y')
  })

  it('prints text that only began like a secret, at the latest at the end', () => {
    assert.equal(printed(['hush-hush'], ['name: hu', 'mble, hush-']).toString(), 'name: humble, hush-')
  })

  it('leaves binary bytes unchanged', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    assert.deepEqual(printed(['hush-hush'], [bytes.subarray(0, 200), bytes.subarray(200)]), bytes)
  })

  it('calls back after the write, whatever the encoding', async () => {
    const secrets = processSecrets({}, '/nowhere')
    const out: string[] = []
    const write = (chunk: unknown, done?: unknown) => {
      out.push(String(chunk))
      if (typeof done === 'function') done()
      return true
    }
    const output = { write }
    keepSecret(secrets, output, new EventEmitter())
    const print: (...args: unknown[]) => unknown = output.write
    await new Promise((written) => print('a', written))
    await new Promise((written) => print('62', 'hex', written))
    assert.deepEqual(out, ['a', 'b'])
  })

  it('lets no value through, however the text is cut', () => {
    const letters = fc.constantFrom('a', 'b', '"', '\\', '\n', 'é')
    const value = fc.string({ minLength: 4, maxLength: 9, unit: letters }).filter((each) => !each.endsWith('\n'))
    const values = fc.uniqueArray(value, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(values, fc.array(fc.nat(4)), fc.array(fc.nat(30), { maxLength: 6 }), (known, picks, cuts) => {
        const text = Buffer.from(picks.map((pick) => known[pick] ?? ' ab ').join(' - '))
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort((a, b) => a - b)
        const pieces = at.slice(1).map((end, i) => text.subarray(at[i], end))
        const out = printed(known, pieces).toString()
        for (const each of known) assert.ok(!out.includes(each), JSON.stringify({ each, out }))
      }),
    )
  })
})
