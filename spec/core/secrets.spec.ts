import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { processSecrets } from '../../lib/core/secrets.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A directory with every place that a secret X can be in. */
function places(t: TestContext) {
  const directory = temporaryDirectory(t)
  const path = (name: string) => join(directory, name)
  mkdirSync(path('credentials'))
  mkdirSync(path('.tidings'))
  writeFileSync(path('file'), 'from the file\n')
  writeFileSync(path('credentials/X'), 'from the credentials directory\r\n')
  writeFileSync(path('.tidings/credentials.json'), JSON.stringify({ X: 'from the json', Y: 5, Z: '' }))
  return {
    directory,
    env: { X: 'from the environment', X_FILE: path('file'), CREDENTIALS_DIRECTORY: path('credentials') },
  }
}

describe('secret', () => {
  it('looks in the environment, the file it names, the credentials directory and credentials.json, in this order', (t) => {
    const { directory, env } = places(t)
    const { X: _x, ...without } = env
    const { X_FILE: _file, ...fewer } = without
    const found = [env, { ...without, X: '' }, fewer, { ...fewer, X_FILE: '' }, {}].map((each) =>
      processSecrets(each, directory).secret('X'),
    )
    assert.deepEqual(found, [
      'from the environment',
      'from the file',
      'from the credentials directory',
      'from the credentials directory',
      'from the json',
    ])
  })

  it('takes a line break at the end for none of it, and no other space', (t) => {
    const directory = temporaryDirectory(t)
    const of = (value: string) => processSecrets({ X: value }, directory).secret('X')
    assert.deepEqual(['a\n', 'a\r\n', ' a \n', 'a\n\n', 'a\nb'].map(of), ['a', 'a', ' a ', 'a\n', 'a\nb'])
  })

  it('is missing when it is nowhere: the error names the secret and the places, and no value', (t) => {
    const { directory, env } = places(t)
    for (const name of ['NOT_THERE', 'Y', 'Z', 'toString', '__proto__']) {
      assert.throws(
        () => processSecrets(env, directory).secret(name),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'TIDINGS_SECRET_MISSING')
          for (const place of [name, `${name}_FILE`, '$CREDENTIALS_DIRECTORY', 'credentials.json']) {
            assert.ok(error.message.includes(place), `${place} in ${error.message}`)
          }
          assert.doesNotMatch(error.message, /from the/)
          return true
        },
      )
    }
  })

  it('is missing when the file that should have it is not there', (t) => {
    const { directory } = places(t)
    const env = { X_FILE: join(directory, 'nowhere') }
    assert.throws(() => processSecrets(env, directory).secret('X'), { code: 'TIDINGS_SECRET_MISSING' })
  })

  it('is missing when credentials.json is no JSON, without a word of what stands there', (t) => {
    const { directory } = places(t)
    for (const text of ['{"X": hush-hush}', 'hush-hush', '"hush-hush"', 'null', '["hush-hush"]', '']) {
      writeFileSync(join(directory, '.tidings/credentials.json'), text)
      assert.throws(
        () => processSecrets({}, directory).secret('X'),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'TIDINGS_SECRET_MISSING', text)
          assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /hush/)
          return true
        },
      )
    }
  })

  it('has a name of letters, digits and _: no path leads out of its places', (t) => {
    const { directory, env } = places(t)
    for (const name of ['', '../file', 'a b', 'a/b', 'X\0', 5 as never, undefined as never]) {
      assert.throws(() => processSecrets(env, directory).secret(name), { code: 'TIDINGS_SECRET_MISSING' })
    }
  })

  it('is looked up once: what was handed out stays', (t) => {
    const { directory, env } = places(t)
    const { secret } = processSecrets(env, directory)
    assert.equal(secret('X'), 'from the environment')
    env.X = 'changed'
    assert.equal(secret('X'), 'from the environment')
  })
})

describe('scrub', () => {
  const scrubbed = (values: readonly string[], text: string): string => {
    const env = Object.fromEntries(values.map((value, i) => [`S${i}`, value]))
    const { secret, scrub } = processSecrets(env, '/nowhere')
    for (const name of Object.keys(env)) secret(name)
    return scrub(text)
  }

  it('takes out what was handed out, everywhere, and nothing else', () => {
    const { secret, scrub } = processSecrets({ A: 'hush-hush', B: 'not asked for' }, '/nowhere')
    const text = 'hush-hush, not asked for, hush-hush'
    assert.equal(scrub(text), text)
    secret('A')
    assert.equal(scrub(text), '[secret], not asked for, [secret]')
  })

  it('takes out what stands in JSON, as log lines and errors have it', () => {
    const value = 'a"b\\c\nd\u0001é'
    assert.equal(scrubbed([value], JSON.stringify({ told: `x${value}y` })), '{"told":"x[secret]y"}')
    assert.equal(scrubbed([value], `x${value}y`), 'x[secret]y')
  })

  it('takes out what stands in JSON within JSON, in objects as the console shows them, and in URLs', () => {
    const value = `p@ss/wörd"q'\\x 1`
    const url = new URL('https://example.com')
    url.searchParams.set('token', value)
    const texts = [
      JSON.stringify({ body: JSON.stringify({ told: value }) }),
      inspect({ told: value }),
      encodeURIComponent(value),
      String(url),
      Buffer.from(value).toString('latin1'),
    ]
    for (const text of texts) assert.match(scrubbed([value], text), /^[^@%]*\[secret\][^@%]*$/, text)
  })

  it('takes out what stands in base64, wherever in a longer text', () => {
    for (const user of ['', 'u', 'me', 'you', 'user']) {
      const text = Buffer.from(`${user}:hush-hush-hush!`).toString('base64')
      const left = scrubbed(['hush-hush-hush!'], `Basic ${text}`)
      assert.match(left, /\[secret\]/)
      assert.doesNotMatch(Buffer.from(left.replace('[secret]', ' '), 'base64').toString(), /hush/)
    }
  })

  it('takes out the lines of one that has several, as they are printed one by one', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\n}\n-----END KEY-----'
    assert.equal(scrubbed([key], `a\n${key}\nb`), 'a\n[secret]\nb')
    assert.equal(scrubbed([key], 'a\n  MIIEvQIBADANBg\n}'), 'a\n  [secret]\n}')
    assert.doesNotMatch(scrubbed([key], inspect({ key })), /MIIE/)
  })

  it('leaves short values alone: they would blot out ordinary words', () => {
    assert.equal(scrubbed(['abc'], 'abcdef'), 'abcdef')
    assert.equal(scrubbed(['abcd'], 'abcdef'), '[secret]ef')
  })

  it('takes out the whole of each, whichever contains which', () => {
    for (const values of [
      ['token', 'token-and-more'],
      ['token-and-more', 'token'],
    ]) {
      assert.equal(scrubbed(values, 'x token-and-more y token z'), 'x [secret] y [secret] z')
    }
  })

  it('leaves nothing of any secret in any text', () => {
    const value = fc.string({ minLength: 4, maxLength: 12, unit: fc.constantFrom('a', 'b', '"', '\\', '\n') })
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(3)), (values, picks) => {
        const kept = values.filter((each) => each.replace(/\r?\n$/, '').length >= 4)
        fc.pre(kept.length === values.length)
        const text = picks.map((pick) => values[pick % values.length]).join(' - ')
        for (const out of [scrubbed(values, text), scrubbed(values, JSON.stringify(text))]) {
          for (const each of values) assert.ok(!out.includes(each.replace(/\r?\n$/, '')), JSON.stringify(out))
        }
      }),
    )
  })
})
