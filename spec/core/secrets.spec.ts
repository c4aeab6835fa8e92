import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { processSecrets } from '../../lib/core/secrets.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

/** A directory with every place where a secret X may be. */
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
  it('is read from the environment, the file named there, the credentials directory and credentials.json, in this order', (t) => {
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

  it('is found by the name that systemd gives to a file of a folder', (t) => {
    const directory = temporaryDirectory(t)
    writeFileSync(join(directory, 'tidings_X'), 'from a folder\n')
    assert.equal(processSecrets({ CREDENTIALS_DIRECTORY: directory }, directory).secret('X'), 'from a folder')
  })

  it('loses a line break at its end, and no other space', (t) => {
    const directory = temporaryDirectory(t)
    const of = (value: string) => processSecrets({ X: value }, directory).secret('X')
    assert.deepEqual(['a\n', 'a\r\n', ' a \n', 'a\n\n', 'a\nb'].map(of), ['a', 'a', ' a ', 'a\n', 'a\nb'])
  })

  it('is missing when no place has it: the error names the secret and the places, and no value', (t) => {
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

  it('is missing when the file that should have it does not exist', (t) => {
    const { directory } = places(t)
    const env = { X_FILE: join(directory, 'nowhere') }
    assert.throws(() => processSecrets(env, directory).secret('X'), { code: 'TIDINGS_SECRET_MISSING' })
  })

  it('is missing when credentials.json is not JSON: the error does not quote it', (t) => {
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

  it('has a name of letters, digits and _, so that no path leads out of its places', (t) => {
    const { directory, env } = places(t)
    for (const name of ['', '../file', 'a b', 'a/b', 'X\0', 5 as never, undefined as never]) {
      assert.throws(() => processSecrets(env, directory).secret(name), { code: 'TIDINGS_SECRET_MISSING' })
    }
  })

  it('is looked up once, and keeps its value', (t) => {
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

  it('replaces every secret that was handed out, and nothing else', () => {
    const { secret, scrub } = processSecrets({ A: 'hush-hush', B: 'not asked for' }, '/nowhere')
    const text = 'hush-hush, not asked for, hush-hush'
    assert.equal(scrub(text), text)
    secret('A')
    assert.equal(scrub(text), '[secret], not asked for, [secret]')
  })

  it('replaces secrets in JSON, as in log lines and errors', () => {
    const value = 'a"b\\c\nd\u0001é'
    assert.equal(scrubbed([value], JSON.stringify({ told: `x${value}y` })), '{"told":"x[secret]y"}')
    assert.equal(scrubbed([value], `x${value}y`), 'x[secret]y')
  })

  it('replaces secrets in JSON inside JSON, in objects as the console shows them, and in URLs', () => {
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

  it('replaces secrets in base64, at any place of a longer text', () => {
    for (const user of ['', 'u', 'me', 'you', 'user']) {
      const text = Buffer.from(`${user}:hush-hush-hush!`).toString('base64')
      const left = scrubbed(['hush-hush-hush!'], `Basic ${text}`)
      assert.match(left, /\[secret\]/)
      assert.doesNotMatch(Buffer.from(left.replace('[secret]', ' '), 'base64').toString(), /hush/)
    }
  })

  it('replaces secrets escaped for HTML, a URL, JSON or a shell, in any form, or shown in hex', () => {
    const value = `p+ss/w"r'd<&> é=€😀\\1`
    const code = (character: string): number => character.codePointAt(0) ?? 0
    const each = (write: (character: string) => string): string => Array.from(value, write).join('')
    const bytes = [...Buffer.from(value)].map((byte) => byte.toString(16).padStart(2, '0'))
    const forms: Record<string, string> = {
      html: each((c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c] ?? c),
      'html, other names': each(
        (c) => ({ '&': '&#x26;', '<': '&#60;', '"': '&#034;', "'": '&#x27;', '/': '&#x2F;' })[c] ?? c,
      ),
      'html in numbers': each((c) => `&#${code(c)};`),
      'html in hex': each((c) => `&#x${code(c).toString(16).toUpperCase()};`),
      'html twice': each((c) => ({ '&': '&amp;amp;', '<': '&amp;lt;', '"': '&amp;quot;' })[c] ?? c),
      encodeURI: encodeURI(value),
      encodeURIComponent: encodeURIComponent(value),
      form: new URLSearchParams({ '': value }).toString().slice(1),
      'every byte': `%${bytes.join('%')}`,
      'every byte, upper case': `%${bytes.join('%')}`.toUpperCase(),
      'a URL twice': encodeURIComponent(encodeURIComponent(value)),
      escape: (globalThis as unknown as { escape(text: string): string }).escape(value),
      json: JSON.stringify(value),
      'json in ascii': JSON.stringify(value).replaceAll(
        /[\u0080-\uffff]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      ),
      'json of php': JSON.stringify(value).replaceAll('/', '\\/'),
      'json in numbers': value
        .split('')
        .map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`)
        .join(''),
      'json in json in json': JSON.stringify(JSON.stringify(JSON.stringify(value))),
      inspect: inspect({ value }),
      'bytes of python': bytes.map((byte) => `\\x${byte}`).join(''),
      shell: each((c) => (/[\p{L}\p{N}]/u.test(c) ? c : `\\${c}`)),
      hex: bytes.join(''),
      HEX: bytes.join('').toUpperCase(),
      'with colons': bytes.join(':'),
      'a url in json in html': JSON.stringify({ q: encodeURIComponent(value) }).replaceAll('"', '&quot;'),
      base64: Buffer.from(value).toString('base64'),
      base64url: Buffer.from(value).toString('base64url'),
      'base64 in a url': encodeURIComponent(Buffer.from(value).toString('base64')),
      key: JSON.stringify({ [value]: true }),
      latin1: Buffer.from(value).toString('latin1'),
    }
    for (const [form, text] of Object.entries(forms)) {
      const left = scrubbed([value], `a ${text} b`)
      assert.match(left, /^a [^w]*\[secret\].{0,10} b$/s, `${form}: ${text}`)
      assert.doesNotMatch(left, /ss|1/, `${form}: ${left}`)
    }
    assert.match(scrubbed([value], inspect(Buffer.from(value))), /^<Buffer \[secret\]>$/)
  })

  it('replaces overlapping secrets as one, without leftovers', () => {
    assert.equal(scrubbed(['hush-hush'], 'x hush-hush-hush y'), 'x [secret] y')
    assert.equal(scrubbed(['abcd', 'cdef'], 'x abcdef y'), 'x [secret] y')
  })

  it('replaces a value however each of its characters is written', () => {
    const value = fc.string({
      minLength: 4,
      maxLength: 10,
      unit: fc.constantFrom(...Array.from(`ab1 "'\\/&<+%\né€😀`)),
    })
    const ways: readonly ((c: string) => string)[] = [
      (c) => c,
      (c) => JSON.stringify(c).slice(1, -1),
      (c) => encodeURIComponent(c),
      (c) => `&#${c.codePointAt(0)};`,
      (c) => `&#x${c.codePointAt(0)?.toString(16)};`,
      (c) => [...Buffer.from(c)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
      (c) => Buffer.from(c).toString('latin1'),
    ]
    fc.assert(
      fc.property(value, fc.array(fc.nat(ways.length - 1), { minLength: 10, maxLength: 10 }), (secret, picks) => {
        fc.pre(secret.replace(/\r?\n$/, '') === secret)
        const written = Array.from(secret, (c, i) => ways[picks[i] ?? 0]?.(c) ?? c).join('')
        assert.equal(scrubbed([secret], `(${written})`), '([secret])')
      }),
    )
  })

  it('replaces the single lines of a secret that has several', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\n}\n-----END KEY-----'
    assert.equal(scrubbed([key], `a\n${key}\nb`), 'a\n[secret]\nb')
    assert.equal(scrubbed([key], 'a\n  MIIEvQIBADANBg\n}'), 'a\n  [secret]\n}')
    assert.doesNotMatch(scrubbed([key], inspect({ key })), /MIIE/)
  })

  it('leaves short values alone: they would blot out ordinary words', () => {
    assert.equal(scrubbed(['abc'], 'abcdef'), 'abcdef')
    assert.equal(scrubbed(['abcd'], 'abcdef'), '[secret]ef')
  })

  it('replaces the longer of two secrets that contain each other', () => {
    for (const values of [
      ['token', 'token-and-more'],
      ['token-and-more', 'token'],
    ]) {
      assert.equal(scrubbed(values, 'x token-and-more y token z'), 'x [secret] y [secret] z')
    }
  })

  it('leaves no part of any secret in any text', () => {
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
