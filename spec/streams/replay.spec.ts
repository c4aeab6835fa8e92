import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { recordWorld } from '../../lib/agent/try/record-world.ts'
import { replay } from '../../lib/agent/try/replay-world.ts'
import {
  eventType,
  type Job,
  type Listener,
  listener,
  memoryLog,
  on,
  type Published,
  type Stream,
  tryOut,
  type World,
} from '../../lib/index.ts'
import { feed } from '../../streams/feed.ts'
import { git } from '../../streams/git.ts'
import { github } from '../../streams/github.ts'
import { todoist } from '../../streams/todoist.ts'
import { weather } from '../../streams/weather.ts'
import { type Asked, type LocalService, localService, type Told } from '../support/local-service.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { secretsOf } from '../support/watch-stream.ts'
import { serve as serveFeed } from './feed-service.ts'
import { serve as serveGithub, thread } from './github-service.ts'
import { repository } from './repository.ts'
import { PROJECT, serve as serveTodoist, TOKEN, task } from './todoist-service.ts'
import { HOUR, serve as serveWeather, utrecht } from './weather-service.ts'

const secret = secretsOf({ GITHUB_TOKEN: 'a made-up token', TODOIST_TOKEN: TOKEN })

interface Tried {
  readonly published: readonly Published[]
  readonly errors: readonly unknown[]
}

async function attempt(parts: { job?: Job; listener?: Listener }, world: Partial<World>, seeds = 0): Promise<Tried> {
  const log = await memoryLog()
  const seed = eventType('seed').of<{ n: number }>()
  for (let n = 0; n < seeds; n++) await log.accept([seed(String(n), { n })])
  const { run, published, heard } = await tryOut({ log, world, again: { type: 'seed' }, ...parts })
  await log.close()
  return { published, errors: [run?.error?.message, ...heard.map(({ error }) => error?.message)] }
}

const cases: Readonly<Record<string, readonly [serve: (asked: Asked) => Told, stream: (url: string) => Stream]>> = {
  github: [
    serveGithub(
      [1, 2, 3].map((n) => thread(n)),
      { most: 2 },
    ),
    (baseUrl) => github({ baseUrl, backfill: 9 }),
  ],
  feed: [serveFeed([1, 2, 3]), (url) => feed({ url: `${url}/feed.xml`, backfill: 9 })],
  weather: [
    serveWeather({ at: Date.now() }, [{ at: Date.now() + HOUR }]),
    (baseUrl) => weather({ ...utrecht, baseUrl }),
  ],
  todoist: [
    serveTodoist({ projects: [{ id: PROJECT, name: 'Reading list' }], tasks: [task(1), task(2), task(3)], page: 2 }),
    (baseUrl) => todoist({ baseUrl, project: 'Reading list', backfill: 9 }),
  ],
}

describe('a fixture', () => {
  for (const [name, [serve, streamOf]] of Object.entries(cases)) {
    it(`repeats a run of ${name}, without the service and its secrets`, async (t) => {
      const service = await localService(t, serve)
      const [job] = streamOf(service.url).jobs
      const seen = await twice(join(temporaryDirectory(t), 'fixture.json'), service, (world) =>
        attempt({ job: job as Job }, world),
      )
      assert.ok(seen.published.length > 1, 'nothing was published')
      assert.deepEqual(seen.errors, [undefined])
    })
  }

  it('repeats a run of git, without git', async (t) => {
    const engine = repository(t)
    for (const words of ['one', 'two']) engine.commit(words)
    const [job] = git({ path: engine.path }).jobs
    const seen = await twice(join(temporaryDirectory(t), 'fixture.json'), undefined, (world) =>
      attempt({ job: job as Job }, world),
    )
    assert.equal(seen.published.length, 2)
  })

  it('repeats the deliveries of a handler, whose keys differ from log to log', async (t) => {
    const service = await localService(t, ({ body }) =>
      body.includes('task 2') ? { status: 400 } : { body: { id: '7' } },
    )
    const add = todoist.addTask((event: { identifier: string }) => ({ content: `task ${event.identifier}` }), {
      baseUrl: service.url,
    })
    const tasks = listener('tasks', on('seed'), add)
    const seen = await twice(join(temporaryDirectory(t), 'fixture.json'), service, (world) =>
      attempt({ listener: tasks }, world, 4),
    )
    assert.equal(seen.errors.filter((error) => error !== undefined).length, 1)
  })
})

/** Does the work in a recorded world and in its replay, and returns what both saw, which must be the same. */
async function twice(
  file: string,
  service: LocalService | undefined,
  work: (world: Partial<World>) => Promise<Tried>,
): Promise<Tried> {
  const recording = recordWorld({ world: { secret } })
  const seen = await work(recording.world)
  await recording.save(file)
  const asked = service?.asked.length
  const { world, missing } = await replay(file)
  assert.deepEqual(await work(world), seen)
  assert.deepEqual([service?.asked.length, missing.map(({ message }) => message)], [asked, []])
  return seen
}
