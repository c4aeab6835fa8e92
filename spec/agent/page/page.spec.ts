import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { job } from '../../../lib/job/job.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { notes } from '../../support/agent-harness.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { acting, visit, visited, visiting } from './visit.ts'

const parts = [job('make', manual(), ({ publish }) => publish('made', '1', 1))]

describe('the page', () => {
  it('turns the token of its address into a cookie, and is there with it', async (t) => {
    const { host, cookie, token } = await visited(t)
    const entry = await visit(host, `/?token=${token}`)
    assert.equal(entry.status, 303)
    assert.equal(entry.headers.location, './')
    assert.match(entry.headers['set-cookie']?.[0] ?? '', /^tidings-[\da-f]{12}=[\w-]{32}; HttpOnly; SameSite=Strict$/)
    const index = await visit(host, '/', { cookie })
    assert.equal(index.status, 200)
    assert.match(index.text, /^<!doctype html>/i)
    assert.equal((await visit(host, '/')).status, 401)
  })

  it('serves its files by their names, each once until it changes', async (t) => {
    const files = temporaryDirectory(t)
    writeFileSync(join(files, 'index.html'), '<!doctype html>')
    writeFileSync(join(files, 'page.js'), 'let page')
    writeFileSync(join(files, 'notes.txt'), 'no file of a page')
    const { host, cookie } = await visited(t, [], { files })
    const { status, headers, text } = await visit(host, '/page.js', { cookie })
    assert.deepEqual([status, headers['content-type'], text], [200, 'text/javascript; charset=utf-8', 'let page'])
    const again = await visit(host, '/page.js', { cookie, 'if-none-match': String(headers.etag) })
    assert.deepEqual([again.status, again.text], [304, ''])
    const gzipped = await visiting(host, '/page.js', { cookie, 'accept-encoding': 'br, gzip' })
    const bytes = Buffer.concat((await gzipped.toArray()) as Buffer[])
    assert.equal(gunzipSync(bytes).toString(), 'let page')
    assert.deepEqual([gzipped.headers['content-encoding'], gzipped.headers.vary], ['gzip', 'accept-encoding'])
    assert.notEqual(gzipped.headers.etag, headers.etag)
    assert.equal((await visit(host, '/notes.txt', { cookie })).status, 404)
  })

  it('says whose it is, and asks and acts below api/', async (t) => {
    const logger = notes()
    const here = await visited(t, parts, { logger, timezone: 'Europe/Berlin' })
    const facts = await visit(here.host, '/api/page', { cookie: here.cookie })
    assert.deepEqual(JSON.parse(facts.text), { agent: 'home', readOnly: false, timezone: 'Europe/Berlin' })
    const ran = await visit(here.host, '/api/jobs/run', acting(here), '{"name":"make"}')
    assert.equal((JSON.parse(ran.text) as { run: { new: number } }).run.new, 1, ran.text)
    assert.deepEqual(logger.said('asked'), [{ operation: 'jobs.run', question: { name: 'make' }, by: 'page' }])
    const events = await visit(here.host, '/api/events?limit=5', { cookie: here.cookie })
    assert.match(events.text, /^\{"seq":1,"type":"made".*\}\n$/)
    assert.equal(events.headers['cache-control'], 'no-store')
  })

  it('answers monitoring: the health to everyone, the numbers to those with a token, or to all if asked to', async (t) => {
    for (const metricsOpen of [false, true]) {
      const { host, readOnlyToken } = await visited(t, parts, { metricsOpen })
      assert.deepEqual(await statuses(host, {}), {
        '/healthz': 200,
        '/readyz': 200,
        '/metrics': metricsOpen ? 200 : 401,
      })
      const authorization = `Bearer ${readOnlyToken}`
      assert.deepEqual(await statuses(host, { authorization }), { '/healthz': 200, '/readyz': 200, '/metrics': 200 })
      const evil = { authorization, host: 'evil.example' }
      assert.deepEqual(await statuses(host, evil), { '/healthz': 421, '/readyz': 421, '/metrics': 421 })
    }
  })
})

async function statuses(host: string, headers: Readonly<Record<string, string>>): Promise<Record<string, number>> {
  const paths = ['/healthz', '/readyz', '/metrics']
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, (await visit(host, path, headers)).status] as const)),
  )
}
