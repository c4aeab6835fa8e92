import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { type Answered, answeredTest } from './answered.ts'
import { HomeServices } from './home-services.ts'
import { agentTest, root, type Started, start } from './program.ts'

describe('docs/examples/home.ts', () => {
  it('adds every task once and every row once, through three kill -9', { timeout: 300_000 }, async (t) => {
    const services = await HomeServices.start(t)
    const folder = temporaryDirectory(t)
    copyFileSync(join(root, 'docs/examples/home.ts'), join(folder, 'home.ts'))
    const agent = (): Started => start(t, folder, 'tidings', ['run', 'home.ts'], { env: services.env })
    const rows = (name: string): string[] => rowsOf(join(folder, name))

    // What is there at the first look is not told.
    const first = agent()
    await until(() => services.looks >= 2)

    // Killed when a task is added, before the answer: the agent can't know that it was.
    const killed = new Promise<void>((resolve) => {
      services.beforeAnswer = async () => {
        if (services.added.size < 3) return
        services.beforeAnswer = () => undefined
        await first.signal('SIGKILL')
        resolve()
      }
    })
    services.grow(6)
    await killed

    // Killed while it writes rows.
    const second = agent()
    await until(() => rows('archive.csv').length >= 3)
    services.grow(9)
    await until(() => rows('archive.csv').length + rows('releases.csv').length >= 12)
    await second.signal('SIGKILL')

    // Killed while it looks.
    const third = agent()
    const { looks } = services
    await until(() => services.looks > looks)
    services.grow(12)
    await until(() => services.looks > looks + 1)
    await third.signal('SIGKILL')

    const last = agent()
    services.grow(14)
    await until(
      () => services.added.size >= 13 && rows('archive.csv').length >= 13 && rows('releases.csv').length >= 13,
    )
    const more = services.looks
    await until(() => services.looks > more + 1)
    const { code, stderr } = await last.signal('SIGTERM')
    assert.equal(code, 0, stderr)

    const numbers = Array.from({ length: 13 }, (_, i) => i + 2)
    assert.deepEqual(numbersIn([...services.added.values()]), numbers)
    assert.ok(
      [...services.requests.values()].some((count) => count > 1),
      'the task that was in doubt was not sent again',
    )
    assert.deepEqual(numbersIn(rows('archive.csv').map((row) => row.split(',')[1] ?? '')), numbers)
    assert.deepEqual(numbersIn(rows('releases.csv').map((row) => row.split(',')[1] ?? '')), numbers)
    const dashboard = JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as Record<string, unknown>
    const { temperature, wear } = dashboard['weather'] as { temperature: number; wear: string }
    assert.deepEqual([temperature, typeof wear], [5 + 3 * 5, 'string'])
    assert.match(String(dashboard['to Alewife']), /^\d{4}-\d\d-\d\dT/)
  })

  it('has jobs that can be tried by their full names, recorded and replayed', async (t) => {
    const services = await HomeServices.start(t)
    const folder = temporaryDirectory(t)
    copyFileSync(join(root, 'docs/examples/home.ts'), join(folder, 'home.ts'))
    const args = ['-m', '-j', 'home.ts#github.notifications', '--json']
    const recorded = await agentTest(t, folder, [...args, '--record', 'home.fixture.json'], { env: services.env })
    assert.equal(recorded.code, 0, recorded.stderr)
    const { GITHUB_TOKEN: _, TODOIST_TOKEN: __, ...env } = services.env
    const { looks } = services
    const replayed = await answeredTest(folder, [...args, '--fixture', 'home.fixture.json'], { env })
    const published = ({ stdout }: Answered): unknown =>
      (JSON.parse(stdout) as { readonly published: unknown }).published
    assert.deepEqual(published(replayed), published(recorded))
    assert.match(replayed.stdout, /"type":"github\.review\.requested"/)
    assert.equal(services.looks, looks)
    const wrong = await answeredTest(folder, ['-m', '-j', 'home.ts#github.notification'], { env })
    assert.equal(wrong.code, 2)
    assert.match(wrong.words, /home\.ts has no export "github\.notification"; did you mean "github\.notifications"\?/)
  })
})

/** The rows of a sheet without its header; none while it does not exist. */
function rowsOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').slice(1) : []
}

/** The first number in each text, in order. */
function numbersIn(texts: readonly string[]): number[] {
  return texts.map((text) => Number(/\d+/.exec(text)?.[0])).toSorted((a, b) => a - b)
}
