import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { temporaryDirectory } from './temporary-directory.ts'

const support = import.meta.dirname

// Each is one test of its own spec, into which the leak check is loaded as by the runner.
const leaky = `
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { after, test } from 'node:test'
import { prefix, temporaryDirectory } from ${JSON.stringify(join(support, 'temporary-directory.ts'))}

// The leaks stay until every test has been checked, however slow the machine is.
const leaks = []
const later = (run) => void leaks.push(run)
after(() => leaks.forEach((end) => end()))
test('interval', () => { const timer = setInterval(() => undefined, 1000); later(() => clearInterval(timer)) })
test('child', () => { const child = spawn('sleep', ['60'], { stdio: 'ignore' }); later(() => child.kill()) })
test('server', () => { const server = createServer().listen(0, '127.0.0.1'); later(() => server.close()) })
test('directory', () => { mkdtempSync(process.env.TMPDIR + '/' + prefix) })
test('listener', () => { process.on('SIGTERM', () => undefined) })
test('tidy', async (t) => {
  const directory = temporaryDirectory(t)
  const timer = setInterval(() => undefined, 1000)
  const child = spawn('sleep', ['60'])
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => clearInterval(timer))
  t.after(() => child.kill())
  t.after(() => new Promise((resolve) => server.close(resolve)))
  t.after(() => writeFileSync(directory + '/still-there', ''))
  console.log('output is no leak')
})
`

describe('the leak check', () => {
  it('fails a test that leaves something behind, names it, and lets a clean one pass', async (t) => {
    const directory = temporaryDirectory(t)
    const file = join(directory, 'leaky.spec.ts')
    writeFileSync(file, leaky)
    const output = await run(file, directory)
    const left = (name: string, what: string): RegExp =>
      new RegExp(`not ok \\d+ - ${name}\\n(?:(?!ok \\d).*\\n)*.*the test leaves behind: ${what}`)
    assert.match(output, left('interval', '1 Timeout'))
    assert.match(output, left('child', '1 ProcessWrap'))
    assert.match(output, left('server', '1 TCPServerWrap'))
    assert.match(output, left('directory', '1 tidings-spec-'))
    assert.match(output, left('listener', '1 listener on SIGTERM'))
    assert.match(output, /^ok \d+ - tidy$/m)
    assert.match(output, /^# fail 5$/m)
  })
})

function run(file: string, directory: string): Promise<string> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const flags = ['--import', 'tsx', '--import', join(support, 'leaks.ts'), '--test-reporter=tap']
  return new Promise((resolve) => {
    execFile(process.execPath, [...flags, file], { env: { ...env, TMPDIR: directory } }, (_error, stdout) =>
      resolve(stdout),
    )
  })
}
