import type { World } from '../../lib/index.ts'
import type { WorldOfSimulation } from '../../lib/testing/index.ts'
import { post, rss } from '../streams/feed-service.ts'
import { serve as serveGithub, type Thread, thread } from '../streams/github-service.ts'
import { completedTask, PROJECT, serve as serveTodoist, TOKEN } from '../streams/todoist-service.ts'
import { predictions } from '../streams/transit-service.ts'
import { forecast } from '../streams/weather-service.ts'
import type { Asked, Told } from '../support/local-service.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** How many items the lists of the services have: the newest, as real ones. */
const LISTED = 20

/**
 * The services of docs/examples/home.ts in simulated time: each day has a notification, a read article and a post, and
 * each hour another weather and another train.
 */
export function homeWorld({ now }: WorldOfSimulation): Partial<World> {
  return {
    secret: () => TOKEN,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const { host, pathname, searchParams } = new URL(request.url)
      const headers = Object.fromEntries(request.headers)
      const asked = { method: request.method, path: pathname, query: searchParams, headers, body: '' }
      const { status = 200, headers: more = {}, body } = answer(host, asked, now())
      const answered = { status, headers: more }
      return typeof body === 'string' ? new Response(body, answered) : Response.json(body, answered)
    },
  }
}

function answer(host: string, asked: Asked, now: number): Told {
  const today = Math.floor(now / DAY)
  const days = Array.from({ length: LISTED }, (_, i) => today - LISTED + 1 + i)
  const hour = Math.floor(now / HOUR) * HOUR
  if (host === 'api.github.com') return serveGithub(days.map(threadOf))(asked)
  if (host === 'api.todoist.com') {
    if (asked.method === 'POST') return { body: { id: '7', content: 'a task' } }
    const completed = days.map((day) => completedTask(day, new Date(day * DAY).toISOString()))
    return serveTodoist({ projects: [{ id: PROJECT, name: 'Reading list' }], completed })(asked)
  }
  if (host === 'api.open-meteo.com') return { body: forecast({ at: hour, temperature: (hour / HOUR) % 30 }, []) }
  if (host === 'api-v3.mbta.com') return { body: predictions([{ trip: `${hour}`, scheduled: hour + HOUR }]) }
  return { body: rss(days.map((day) => ({ ...post(day), title: `Announcing ${day}` }))) }
}

function threadOf(day: number): Thread {
  const updated_at = new Date(day * DAY).toISOString().replace(/\.\d+/, '')
  return thread(day, { updated_at, reason: day % 2 === 0 ? 'assign' : 'review_requested' })
}
