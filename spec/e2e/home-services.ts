import type { TestContext } from 'node:test'
import { post, rss } from '../streams/feed-service.ts'
import { serve as serveGithub, type Thread, thread } from '../streams/github-service.ts'
import { completedTask, PROJECT, serve as serveTodoist, type WireTask } from '../streams/todoist-service.ts'
import { MINUTE, predictions } from '../streams/transit-service.ts'
import { forecast } from '../streams/weather-service.ts'
import { type Asked, type LocalService, localService, type Told } from '../support/local-service.ts'

/** The services of docs/examples/home.ts, on one server, each below a path of its own. */
export class HomeServices {
  /** The tasks that were added, by the id of their request, in order: a repeated request adds none, as at Todoist. */
  readonly added = new Map<string, string>()
  /** How often each id was sent. */
  readonly requests = new Map<string, number>()
  readonly #threads: Thread[] = []
  readonly #read: WireTask[] = []
  readonly #posts: number[] = []
  #service: LocalService | undefined
  #temperature = 5
  readonly #train = Date.now() + 10 * MINUTE
  /** Called before a task is answered, once it was added. */
  beforeAnswer: () => Promise<void> | void = () => undefined

  static async start(t: TestContext): Promise<HomeServices> {
    const services = new HomeServices()
    services.#service = await localService(t, (asked) => services.#answer(asked))
    services.grow(1)
    return services
  }

  /** The environment of the agent. */
  get env(): Readonly<Record<string, string>> {
    const url = this.#service?.url ?? ''
    const places = ['github', 'todoist', 'weather', 'mbta'].map((name) => [name.toUpperCase(), `${url}/${name}`])
    const secrets = { GITHUB_TOKEN: 'a-github-token', TODOIST_TOKEN: 'a-secret-token' }
    return { ...Object.fromEntries(places), FEED: `${url}/feed`, EVERY: '1s', ...secrets } as Record<string, string>
  }

  /** How often each service was asked, at least. */
  get looks(): number {
    const asked = this.#service?.asked ?? []
    const counts = ['/github/notifications', '/todoist/api/v1/tasks/completed', '/weather', '/mbta', '/feed'].map(
      (path) => asked.filter((one) => one.path.startsWith(path)).length,
    )
    return Math.min(...counts)
  }

  /** Adds notifications, read articles and posts up to a number, and changes the weather. */
  grow(to: number): void {
    for (let n = this.#threads.length + 1; n <= to; n++) {
      const now = new Date().toISOString()
      this.#threads.push(
        thread(n, { updated_at: now.replace(/\.\d+/, ''), reason: n % 2 === 0 ? 'assign' : 'review_requested' }),
      )
      this.#read.push(completedTask(n, now))
      this.#posts.push(n)
    }
    this.#temperature += 3
  }

  async #answer(asked: Asked): Promise<Told> {
    const [, service = '', path = ''] = /^\/(\w+)(.*)$/.exec(asked.path) ?? []
    const inner = { ...asked, path }
    if (service === 'github') return serveGithub(this.#threads)(inner)
    if (service === 'todoist') return asked.method === 'POST' ? this.#add(asked) : this.#todoist(inner)
    if (service === 'weather') return { body: forecast({ at: Date.now(), temperature: this.#temperature }, []) }
    if (service === 'mbta') return { body: predictions([{ trip: '70001', scheduled: this.#train }]) }
    return { body: rss(this.#posts.map((n) => ({ ...post(n), title: `Announcing ${n}` }))) }
  }

  #todoist(asked: Asked): Told {
    return serveTodoist({ projects: [{ id: PROJECT, name: 'Reading list' }], completed: this.#read })(asked)
  }

  async #add({ headers, body }: Asked): Promise<Told> {
    const id = String(headers['x-request-id'])
    const { content } = JSON.parse(body) as { content: string }
    this.requests.set(id, (this.requests.get(id) ?? 0) + 1)
    if (!this.added.has(id)) this.added.set(id, content)
    await this.beforeAnswer()
    return { body: { id: '7', content } }
  }
}
