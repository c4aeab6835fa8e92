import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listener, on } from '../../lib/index.ts'
import { afterAll, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { open, startBrowser } from './browse.ts'
import { stage } from './stage.ts'

/** How long nothing happens, in ms: longer than any of nginx's time limits. */
const IDLE = 5 * 60_000

const root = new URL('../../', import.meta.url).pathname

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The setting that docs/page.md gives, for this page. */
function documented(target: number): string {
  const [, text] = /```nginx\n(.*?)```/s.exec(readFileSync(join(root, 'docs/page.md'), 'utf8')) ?? []
  if (text?.includes('127.0.0.1:7433') !== true) throw new Error('docs/page.md has no setting for nginx')
  return text.replace('7433', String(target))
}

/** Starts nginx with its own settings, and the documented one. It ends with the test. */
async function nginx(t: TestContext, port: number, target: number): Promise<void> {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'tmp'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path tmp;`)
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off; pid nginx.pid; error_log stderr; events {}
     http { access_log access.log; ${temporary.join(' ')}
       server { listen 127.0.0.1:${port}; ${documented(target)} } }`,
  )
  const child = spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  })
  let said = ''
  child.stderr.on('data', (text) => void (said += text))
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) => reject(new Error('this spec needs nginx: apt-get install nginx-light', { cause })))
    child.once('exit', () => reject(new Error(`nginx ended: ${said}`)))
  })
  afterAll(t, async () => {
    child.kill('SIGQUIT')
    await failed.catch(() => undefined)
  })
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    )
  await Promise.race([failed, until(answers, 'an answer of nginx')])
}

describe('behind nginx', () => {
  it('the page shows what happens after five idle minutes, on the connection that it had', async (t) => {
    const port = await freePort()
    const here = await stage(t, [listener('hear', on('seen'), () => undefined)], {
      allowedHosts: [`127.0.0.1:${port}`],
    })
    await nginx(t, port, here.page.port)
    const browser = await startBrowser()
    t.after(() => browser.close())
    const token = new URL(here.page.address).searchParams.get('token')
    const { page: tab, errors } = await open(t, browser, `http://127.0.0.1:${port}/ops/tidings/?token=${token}#events`)
    const asked: string[] = []
    tab.on('request', (request) => asked.push(request.url()))
    await here.running.publish('seen', 'before', 1)
    await tab.locator('[data-row]', { hasText: 'before' }).waitFor()
    asked.length = 0

    await sleep(IDLE)

    const began = performance.now()
    await here.running.publish('seen', 'after', 2)
    await tab.locator('[data-row]', { hasText: 'after' }).waitFor()
    t.diagnostic(`shown after ${Math.round(performance.now() - began)} ms`)
    assert.deepEqual(
      asked.filter((url) => url.includes('live')),
      [],
      'no new connection',
    )
    assert.deepEqual(errors, [])
  })
})
