import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type LocalService, localService } from '../support/local-service.ts'
import { type Answered, answeredTest } from './answered.ts'
import { type How, tidings, userFolder } from './program.ts'

const module = `
import { eventType, job, listener, manual, on } from 'tidings'
const issue = eventType('issue').of<{ title: string; hour: string; version: string }>()
export const issues = job('issues', manual(), async ({ fetch, exec, secret, now, publish }) => {
  const { stdout } = await exec('sh', ['-c', 'date +%N'])
  for (const page of [1, 2]) {
    const headers = { authorization: 'Bearer ' + secret('TRACKER_TOKEN') }
    const response = await fetch(process.env.TRACKER + '/issues?page=' + page, { headers })
    if (!response.ok) throw new Error('the tracker answered ' + response.status)
    for (const { id, title } of (await response.json()) as { id: number; title: string }[])
      publish(issue, String(id), { title, hour: new Date(now()).toISOString(), version: stdout })
  }
})
export const more = job('more', manual(), async ({ fetch }) => {
  await fetch(process.env.TRACKER + '/issues?page=3').catch(() => undefined)
})
export const tasks = listener('tasks', on(issue), async ({ data }, { fetch, key }) => {
  console.log(data.title, data.hour, data.version)
  const answer = await fetch(process.env.TRACKER + '/tasks', { method: 'POST', body: JSON.stringify({ key, content: data.title }) })
  if (!answer.ok) throw new Error('the tracker answered ' + answer.status)
})
`

const TOKEN = 'tr4cker-token-of-this-spec'
const FILE = 'issues.fixture.json'

interface Prepared {
  readonly service: LocalService
  readonly folder: string
  readonly file: string
  /** With the service and the secret, and without both. */
  readonly real: How
  readonly none: How
}

async function prepare(t: TestContext): Promise<Prepared> {
  const service = await localService(t, ({ path, query }) =>
    path === '/issues'
      ? { body: [{ id: Number(query.get('page')), title: `Issue ${query.get('page')} by ${TOKEN}` }] }
      : { status: 201, body: { id: 7 } },
  )
  const folder = userFolder(t, { 'tracker.ts': module })
  const env = { TRACKER: service.url }
  return { service, folder, file: join(folder, FILE), real: { env: { ...env, TRACKER_TOKEN: TOKEN } }, none: { env } }
}

const parts = ['-m', '-j', 'tracker.issues', '-l', 'tracker.tasks']

describe('agent-test', () => {
  it('records a run with --record, and repeats it with --fixture without service, program or secret', async (t) => {
    const { service, folder, file, real, none } = await prepare(t)
    const recorded = await answeredTest(folder, [...parts, '--record', FILE], real)
    assert.equal(recorded.code, 0, recorded.stderr)
    assert.match(recorded.words, /^5 exchanges recorded in issues\.fixture\.json$/m)
    assert.match(recorded.stdout, /^Issue 1 by \[secret\] /m)
    const text = readFileSync(file, 'utf8')
    assert.ok(!text.includes(TOKEN) && text.includes('Issue 1 by [secret]') && !/authorization/i.test(text), text)
    assert.deepEqual(readdirSync(folder).sort(), ['hello.ts', FILE, 'tracker.ts'])

    const { length } = service.asked
    const replayed = await answeredTest(folder, [...parts, '--fixture', FILE], none)
    assert.equal(replayed.code, 0, replayed.stderr)
    assert.equal(replayed.stdout, recorded.stdout)
    assert.equal(service.asked.length, length)
  })

  it('prints one JSON object with either', async (t) => {
    const { folder, real, none } = await prepare(t)
    const one = (ended: Answered): { published: unknown[]; heard: unknown[] } =>
      JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '') as { published: unknown[]; heard: unknown[] }
    const recorded = one(await tidings(t, folder, ['test', ...parts, '--json', '--record', FILE], real))
    const replayed = one(await tidings(t, folder, ['test', ...parts, '--json', '--fixture', FILE], none))
    assert.deepEqual([recorded.published.length, recorded.heard.length], [2, 2])
    assert.deepEqual([replayed.published, replayed.heard], [recorded.published, recorded.heard])
  })

  it('fails when a request is not in the fixture, even if the code catches the error', async (t) => {
    const { service, folder, real, none } = await prepare(t)
    await answeredTest(folder, ['-m', '-j', 'tracker.issues', '--record', FILE], real)
    const { length } = service.asked
    const nearest = (what: string): RegExp =>
      new RegExp(
        `the fixture issues\\.fixture\\.json has no answer to ${what}; the nearest recorded one is GET \\S+page=\\d$`,
        'm',
      )
    const caught = await answeredTest(folder, ['-m', '-j', 'tracker.more', '--fixture', FILE], none)
    assert.equal(caught.code, 1)
    assert.match(caught.words, nearest('GET \\S+page=3'))

    const failed = await answeredTest(folder, [...parts, '--fixture', FILE, '--json'], none)
    assert.equal(failed.code, 1)
    const { heard } = JSON.parse(failed.stdout.trim().split('\n').at(-1) ?? '') as {
      heard: { error: { code: string } }[]
    }
    assert.deepEqual(
      heard.map(({ error }) => error.code),
      ['TIDINGS_FIXTURE_MISSING', 'TIDINGS_FIXTURE_MISSING'],
    )
    assert.equal(service.asked.length, length)
  })

  it('records a run that fails, so that its failure can be repeated', async (t) => {
    const { service, folder, real, none } = await prepare(t)
    service.answer(() => ({ status: 503 }))
    for (const how of [
      await answeredTest(folder, [...parts, '--record', FILE], real),
      await answeredTest(folder, [...parts, '--fixture', FILE], none),
    ]) {
      assert.equal(how.code, 1)
      assert.match(how.words, /job "issues" failed: the tracker answered 503/)
    }
  })

  it('replaces a fixture only with --yes, and says what is wrong with a file or flags before anything runs', async (t) => {
    const { service, folder, real } = await prepare(t)
    const words = async (...args: readonly string[]): Promise<readonly [number | null, string]> => {
      const { code, words } = await answeredTest(folder, ['-m', '-j', 'tracker.issues', ...args], real)
      return [code, words.trim()]
    }
    assert.equal((await words('--record', FILE))[0], 0)
    const { length } = service.asked
    assert.deepEqual(
      await Promise.all([
        words('--record', FILE),
        words('--record', FILE, '--fixture', FILE),
        words('--record', 'nowhere/x.json'),
        words('--record', '.'),
        words('--fixture', 'tracker.ts'),
        words('--fixture', 'nowhere.json'),
      ]),
      [
        [2, `tidings: this replaces the existing file ${FILE}: add --yes to confirm`],
        [2, 'tidings: --record makes real requests and --fixture makes none: leave one out'],
        [2, 'tidings: --record needs an existing folder, and there is no nowhere'],
        [2, 'tidings: . is not a file'],
        [1, 'tidings: the fixture tracker.ts is not JSON'],
        [1, "tidings: the fixture nowhere.json can't be read: ENOENT: no such file or directory, open 'nowhere.json'"],
      ],
    )
    assert.equal(service.asked.length, length)
    assert.equal((await words('--record', FILE, '--yes'))[0], 0)
    assert.equal(existsSync(join(folder, '.tidings')), false)
  })
})
