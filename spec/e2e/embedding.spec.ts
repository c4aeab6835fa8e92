import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { transformSync } from 'esbuild'
import { openLog } from '../../lib/index.ts'
import { blocksOf } from '../docs/blocks.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { root } from './program.ts'

/** A file that imports the built package, and whatever else is installed here, by name. */
function moduleFile(t: TestContext, name: string, code: string): string {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(root, '.cache/embedding-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), code)
  return join(folder, name)
}

function started(t: TestContext, file: string, cwd: string, env: NodeJS.ProcessEnv = {}) {
  const { NODE_TEST_CONTEXT: _, ...own } = process.env
  const child = spawn(process.execPath, [file], { cwd, env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (text) => (output.stdout += text))
  child.stderr.on('data', (text) => (output.stderr += text))
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => ({ code, signal, ...output }))
  t.after(() => {
    child.kill('SIGKILL')
    return ended
  })
  return { child, ended, output }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

describe('a program with an agent inside', () => {
  it('takes webhooks with Express, tells each once, shows its status, and closes everything on SIGTERM', async (t) => {
    const page = readFileSync(join(root, 'docs/embedding.md'), 'utf8')
    const block = blocksOf('docs/embedding.md', page).find(({ code }) => code.includes("from 'express'"))
    const { code } = transformSync(block?.code ?? '', { loader: 'ts', format: 'esm', target: 'node20' })
    const cwd = temporaryDirectory(t)
    const port = await freePort()
    const { child, ended, output } = started(t, moduleFile(t, 'service.mjs', code), cwd, { PORT: String(port) })
    const ask = async (path: string, body?: object) => {
      const headers = { 'content-type': 'application/json' }
      const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) }
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, init)
      return [answer.status, (await answer.json()) as Record<string, unknown>] as const
    }
    const [status, { agent, problems }] = await until(
      () => ask('/status').catch(() => (child.exitCode === null ? undefined : assert.fail(output.stderr))),
      'an answer of the service',
    )
    assert.deepEqual([status, agent, problems], [200, 'shop', []])
    assert.deepEqual(await ask('/orders', { id: 'A-1', total: 12 }), [201, { status: 'new', seq: 1 }])
    assert.deepEqual(await ask('/orders', { id: 'A-1', total: 12 }), [200, { status: 'duplicate', seq: 1 }])
    const [refused, why] = await ask('/orders', { id: 'A-2', total: 'a lot' })
    assert.deepEqual([refused, why.code], [400, 'TIDINGS_SCHEMA_FAILED'])
    await until(() => output.stdout !== '', 'the handler')
    child.kill('SIGTERM')
    const end = await ended
    assert.deepEqual([end.code, end.signal, end.stdout], [0, null, 'thanks for order A-1\n'], end.stderr)
    await using log = await openLog(join(cwd, '.tidings/shop'))
    assert.equal(await log.last(), 1)
  })

  it('may be a CommonJS module: require() and import() give the same copy', async (t) => {
    const code = `
      const { agent, eventType, listener, memoryLog, on, start } = require('tidings')
      const { gt } = require('tidings/filters')
      const { git } = require('tidings/streams/git')
      const { virtualClock } = require('tidings/testing')
      async function main() {
        const found = eventType('found')
        const print = listener('print', on(found), ({ data }) => console.log(data))
        const log = await memoryLog({ clock: virtualClock() })
        const running = await start(agent('home', [print]), { log, logger: false })
        console.log((await running.publish(found, 'it', 'hello')).status)
        await running.drained()
        await running.stop()
        await log.close()
        console.log((await import('tidings')).start === start, gt(1)(2), git.commit.type)
      }
      main()`
    const { ended } = started(t, moduleFile(t, 'program.cjs', code), temporaryDirectory(t))
    const { code: exit, stdout, stderr } = await ended
    assert.deepEqual([exit, stdout, stderr], [0, 'new\nhello\ntrue true git.commit\n', ''])
  })
})
