import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { learnSecrets } from '../../../../bin/commands/parked/learn-secrets.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

function setVariable(t: TestContext, name: string, value: string): void {
  process.env[name] = value
  t.after(() => delete process.env[name])
}

it('asks for secrets by name, and for small files, but not for the certificates of an SSL_CERT_FILE', (t) => {
  const directory = temporaryDirectory(t)
  const file = (name: string, size: number): string => {
    const path = join(directory, name)
    writeFileSync(path, 'x'.repeat(size))
    return path
  }
  setVariable(t, 'SPEC_WORD_FILE', file('small', 2 ** 16))
  setVariable(t, 'SPEC_CERT_FILE', file('large', 2 ** 16 + 1))
  setVariable(t, 'SPEC_TOKEN_FILE', file('token', 2 ** 16 + 1))
  setVariable(t, 'SPEC_GONE_FILE', join(directory, 'gone'))
  setVariable(t, 'SPEC_PASSWORD', 'hush')
  const asked: string[] = []
  learnSecrets({ secret: (name) => `${asked.push(name)}`, scrub: (text) => text })
  assert.deepEqual(asked.filter((name) => /^SPEC_\w+(?<!_FILE)$/.test(name)).toSorted(), [
    'SPEC_PASSWORD',
    'SPEC_TOKEN',
    'SPEC_WORD',
  ])
})
