import type { Draft } from '../../lib/index.ts'
import { todoist } from '../../streams/todoist.ts'
import type { Asked, Told } from '../support/local-service.ts'
import { dated, localService } from '../support/local-service.ts'
import { draftsOf, secretsOf } from '../support/watch-stream.ts'

/** A task as Todoist sends it. */
export interface WireTask {
  readonly id: string
  readonly project_id: string
  readonly content: string
  readonly [field: string]: unknown
}

/** An entry of the activity log. */
export interface WireActivity {
  readonly object_id: string
  readonly event_date: string
  readonly [field: string]: unknown
}

/** What the account holds. */
export interface Account {
  readonly projects?: readonly { readonly id: string; readonly name: string }[]
  readonly tasks?: readonly WireTask[]
  readonly completed?: readonly WireTask[]
  readonly activities?: readonly WireActivity[]
  /** Items per page; default what the client asks for. */
  readonly page?: number
}

export const PROJECT = '6Jf8VQXxpwv56VQ7'
export const TOKEN = 'a-secret-token'
export const world = { secret: secretsOf({ TODOIST_TOKEN: TOKEN }) }

export function task(n: number, fields: Readonly<Record<string, unknown>> = {}): WireTask {
  return {
    user_id: '2671355',
    id: `6X7rM8997g3RQ${n}`,
    project_id: PROJECT,
    section_id: null,
    parent_id: null,
    added_by_uid: '2671355',
    assigned_by_uid: null,
    responsible_uid: null,
    labels: ['later'],
    deadline: null,
    duration: null,
    checked: false,
    is_deleted: false,
    added_at: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString().replace('Z', '000Z'),
    completed_at: null,
    updated_at: null,
    due: null,
    priority: 1,
    child_order: 1000 - n,
    content: `Read article ${n}`,
    description: '',
    note_count: 0,
    day_order: -1,
    is_collapsed: false,
    ...fields,
  }
}

export function completedTask(n: number, at: string, fields: Readonly<Record<string, unknown>> = {}): WireTask {
  return task(n, { checked: true, completed_at: at, ...fields })
}

export function activity(n: number, at: string, fields: Readonly<Record<string, unknown>> = {}): WireActivity {
  return {
    id: 955_333_384 + n,
    object_type: 'item',
    object_id: task(n).id,
    event_type: 'completed',
    event_date: at,
    parent_project_id: PROJECT,
    parent_item_id: null,
    initiator_id: null,
    extra_data: { content: `Read article ${n}`, client: 'Todoist/11860' },
    ...fields,
  }
}

/** Plays the part of Todoist's API v1 that the stream uses. */
export function serve(account: Account): (asked: Asked) => Told {
  return ({ method, path, query, headers }) => {
    if (headers.authorization !== `Bearer ${TOKEN}`) return { status: 401, body: 'Unauthorized' }
    if (method !== 'GET') return { status: 405 }
    const project = query.get('project_id') ?? query.get('parent_project_id')
    // Items that are not objects are sent in any case.
    const inProject = (one: Readonly<Record<string, unknown>> | null): boolean =>
      project === null || [project, undefined].includes((one?.['project_id'] ?? one?.['parent_project_id']) as string)
    const since = Date.parse(query.get('since') ?? query.get('date_from') ?? '1970-01-01')
    const until = Date.parse(query.get('until') ?? '9999-01-01')
    const within = (at: unknown): boolean => Date.parse(String(at)) >= since && Date.parse(String(at)) < until
    if (path === '/api/v1/projects') return pageOf(account, account.projects ?? [], 'results', query)
    if (path === '/api/v1/tasks') return pageOf(account, (account.tasks ?? []).filter(inProject), 'results', query)
    if (path === '/api/v1/tasks/completed/by_completion_date') {
      if (until - since > 92 * 86_400_000) return { status: 400, body: { error: 'The range is too long' } }
      const found = (account.completed ?? []).filter((one) => inProject(one) && within(one['completed_at']))
      return pageOf(account, found, 'items', query)
    }
    if (path === '/api/v1/activities') {
      if (Number(query.get('limit')) > 100) return { status: 400, body: { error: 'The limit is too high' } }
      const found = (account.activities ?? []).filter(
        (one) => inProject(one) && (one === null || within(one.event_date)),
      )
      return pageOf(account, found, 'results', query)
    }
    return { status: 404, body: { error: 'Not found' } }
  }
}

function pageOf({ page }: Account, all: readonly unknown[], items: 'results' | 'items', query: URLSearchParams): Told {
  const limit = Math.min(page ?? Number.POSITIVE_INFINITY, Number(query.get('limit') ?? 50))
  const from = Number(query.get('cursor')?.slice('cursor-'.length) ?? 0)
  const next = from + limit < all.length ? `cursor-${from + limit}` : null
  return { body: { [items]: all.slice(from, from + limit), next_cursor: next } }
}

/** One event of each type, made by the stream from a local service. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const now = Date.UTC(2026, 0, 3)
  const due = { date: '2026-01-05', is_recurring: false, string: '5 jan', lang: 'en', timezone: null }
  const account: Account = {
    projects: [{ id: PROJECT, name: 'Reading list' }],
    tasks: [task(1, { content: '[An article](https://example.com/article)', due })],
    completed: [completedTask(2, '2026-01-02T18:30:00.000000Z')],
  }
  const { url } = await localService(
    t,
    dated(serve(account), () => now),
  )
  const stream = todoist({ project: 'Reading list', baseUrl: url })
  const context = { ...world, now: () => now }
  return [...(await draftsOf(stream, context, 'added')), ...(await draftsOf(stream, context, 'completed'))]
}
