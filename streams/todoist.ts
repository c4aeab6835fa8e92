import { type Draft, type Duration, defineStream, eventType, type JobContext, job, TidingsError } from '../lib/index.ts'
import { defined } from '../lib/streams.ts'
import { httpClient } from './shared/http-client.ts'
import { address, optionsOf, text } from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'
import { serviceTime } from './shared/service-time.ts'
import { identifierOf } from './shared/wire.ts'
import { addTask, completeTask } from './todoist/add-task.ts'
import { fieldsOf, findProject, type Get, listOf, retryAfter, statusOf } from './todoist/api.ts'
import { type CompletedTask, contentOf, dateOf, type TodoistTask, taskOf } from './todoist/tasks.ts'

export type { PollOptions } from './shared/poll.ts'
export type { AddTaskOptions, NewTask, TodoistAccess } from './todoist/add-task.ts'
export type { CompletedTask, TodoistTask } from './todoist/tasks.ts'

/** The options of the `todoist` stream. */
export interface TodoistOptions extends PollOptions {
  /** The project to watch, by its id or its name. */
  readonly project: string
  /** The name of the secret with an API token; default `'TODOIST_TOKEN'`. */
  readonly token?: string
  /** The address of the service; default `'https://api.todoist.com'`. */
  readonly baseUrl?: string
  /** How often to look, in ms or as a duration, from 1 s; default `'2m'`. */
  readonly every?: Duration
}

const added = eventType('todoist.added').of<TodoistTask>()
const completed = eventType('todoist.completed').of<CompletedTask>()

const options = optionsOf<TodoistOptions>()({
  project: text(),
  token: text('TODOIST_TOKEN'),
  baseUrl: address('https://api.todoist.com'),
  ...pollFields('2m'),
})

const stream = defineStream({
  name: 'todoist',
  summary: 'Tasks added to, and completed in, a project of Todoist.',
  events: { added, completed },
  options,
  jobs: ({ project, token, baseUrl, ...pace }) => {
    const { schedule, options } = poll(pace)
    const watch = { project, token, baseUrl }
    return [
      job('added', schedule, (context) => addedTasks(context, watch), { ...options, publishes: [added] }),
      job('completed', schedule, (context) => completedTasks(context, watch), {
        ...options,
        publishes: [completed],
      }),
    ]
  },
})

/**
 * Publishes the tasks that are added to a project of Todoist, and those that are completed in it: a reading list, say.
 *
 * - `todoist.added`: once for each task, by its id and the project. An edited or reopened task makes no second event; a task
 *   that is moved into the project makes one.
 * - `todoist.completed`: once for each completion, by the task's id and the time. So a recurring task makes an event each
 *   time, and so does a completion that reaches Todoist up to two weeks late, from a phone without network.
 *
 * **Limits**: Todoist takes some hundred requests per user in 15 minutes; figures from 450 to 1000 were published. A look
 * costs three, and one more for each 200 tasks; one more where recurring tasks exist. A 429 is tried again after the time
 * that it asks for. Completions of recurring tasks come from the activity log, which keeps a week on the free plan.
 *
 * **Errors**: a run fails with `TIDINGS_RESPONSE_INVALID` if the project does not exist or the answer is not a list of
 * tasks, and with `TIDINGS_HTTP_FAILED` for a wrong token (401, 403). Items without an id or a title are skipped and
 * counted in the log.
 *
 * Handlers: `todoist.addTask` and `todoist.completeTask`.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { git } from 'tidings/streams/git'
 * import { todoist } from 'tidings/streams/todoist'
 *
 * export default agent('home', [
 *   todoist({ project: 'Reading list' }),
 *   git({ path: '.', first: 'record' }),
 *   listener('read', on(todoist.completed), ({ data }) => console.log(`${data.completed} ${data.content}`)),
 *   listener('review', on(git.commit), todoist.addTask(({ data }) => ({ content: data.subject }), { project: 'Review' })),
 * ])
 * ```
 */
export const todoist = Object.assign(stream, { addTask, completeTask })

interface Watch {
  readonly project: string
  readonly token: string
  readonly baseUrl: string
}

/** How long before the last look a completion may have happened that is only now known, in ms: two weeks. */
const OVERLAP = 14 * 86_400_000

/** The longest time that Todoist answers for at once, in ms: a little less than three months. */
const LONGEST = 89 * 86_400_000

/** Items per page of the activity log: the most that Todoist gives. */
const ACTIVITIES_PAGE = 100

/** How far ahead completions are asked for, in ms: an answer without a date leaves only our clock to go by. */
const SKEW = 86_400_000

async function addedTasks(context: JobContext, watch: Watch): Promise<Draft[]> {
  const { get } = serviceOf(context, watch)
  const project = await projectOf(get, watch)
  const skipped = new Skipped()
  const tasks: TodoistTask[] = []
  for await (const item of listOf(get, 'tasks', 'results', { project_id: project })) {
    const task = taskOf(item, project)
    if (task === undefined) skipped.add()
    else tasks.push(task)
  }
  skipped.report(context)
  // The newest last: Todoist sorts as the user does.
  tasks.sort((one, other) => compare(one.added ?? '', other.added ?? ''))
  return tasks.map((task) => added(nameOf(task, project), task))
}

async function completedTasks(context: JobContext, watch: Watch): Promise<Draft[]> {
  const { get, now: time } = serviceOf(context, watch)
  const project = await projectOf(get, watch)
  const recurring = await recurringTasks(get, project)
  // Completions have times of Todoist's clock, so ours does not count once Todoist has answered.
  const now = time()
  const before = await context.state.get<number>('looked')
  const from = before === undefined ? now - LONGEST : Math.min(before, now) - OVERLAP
  const skipped = new Skipped()
  const done: CompletedTask[] = []
  for (const window of windows(from, now + SKEW)) {
    const query = { project_id: project, ...window }
    for await (const item of listOf(get, 'tasks/completed/by_completion_date', 'items', query)) {
      const task = taskOf(item, project)
      const at = dateOf(fieldsOf(item)?.['completed_at'])
      if (task === undefined || at === undefined) skipped.add()
      else done.push({ ...task, completed: at })
    }
  }
  done.push(...(await recurrences(get, context, recurring, { project, since: iso(from) })))
  skipped.report(context)
  context.state.set('looked', now)
  done.sort((one, other) => compare(one.completed, other.completed))
  const drafts = done.map((task) => completed(nameOf(task, task.completed), task))
  if (before === undefined || now - before < OVERLAP) return drafts
  // After a pause, the look repeats nothing that was told. Drafts that a run publishes are never held (decision 0051).
  await Promise.all(drafts.map((draft) => context.publish(draft)))
  return []
}

/** Splits a time into parts that Todoist answers for. */
function* windows(from: number, to: number): Generator<{ readonly since: string; readonly until: string }> {
  for (let since = from; since < to; since += LONGEST) {
    yield { since: iso(since), until: iso(Math.min(since + LONGEST, to)) }
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

/**
 * The completions of recurring tasks. The list of completed tasks does not have them: such a task stays active, with its
 * next date. They are in the activity log.
 */
async function recurrences(
  get: Get,
  context: JobContext,
  recurring: ReadonlyMap<string, TodoistTask>,
  { project, since }: { readonly project: string; readonly since: string },
): Promise<CompletedTask[]> {
  if (recurring.size === 0) return []
  const done: CompletedTask[] = []
  const query = { object_type: 'item', event_type: 'completed', parent_project_id: project, date_from: since }
  try {
    for await (const item of listOf(get, 'activities', 'results', query, ACTIVITIES_PAGE)) {
      const { object_id, event_type, event_date, extra_data } = fieldsOf(item) ?? {}
      const task = recurring.get(identifierOf(object_id) ?? '')
      const at = dateOf(event_date)
      if (task === undefined || at === undefined || at < since || event_type !== 'completed') continue
      done.push({ ...task, ...defined({ content: contentOf(extra_data) }), completed: at })
    }
  } catch (error) {
    // Not every plan and token may read the activity log.
    if (![403, 404].includes(statusOf(error) ?? 0)) throw error
    context.logger.warn({ err: error as Error }, 'recurring tasks not seen')
    return []
  }
  return done
}

/** The tasks that come back when they are completed, by their ids. */
async function recurringTasks(get: Get, project: string): Promise<ReadonlyMap<string, TodoistTask>> {
  const recurring = new Map<string, TodoistTask>()
  for await (const item of listOf(get, 'tasks', 'results', { project_id: project })) {
    const task = taskOf(item, project)
    if (task?.due?.recurring === true) recurring.set(task.id, task)
  }
  return recurring
}

/** How to ask Todoist, and the time by its clock at its last answer; by ours before it has answered. */
function serviceOf(context: JobContext, { token, baseUrl }: Watch): { readonly get: Get; readonly now: () => number } {
  const headers = { authorization: `Bearer ${context.secret(token)}` }
  const client = httpClient(context, { stream: 'todoist', baseUrl, headers, retryAfter })
  let now = context.now()
  return {
    now: () => now,
    get: async (path, query) => {
      const answer = await client.get(`/api/v1/${path}`, { query })
      if (answer !== undefined) now = serviceTime(answer.headers, context.now())
      return answer?.json()
    },
  }
}

async function projectOf(get: Get, { project }: Watch): Promise<string> {
  const found = await findProject(get, project)
  if ('id' in found) return found.id
  throw new TidingsError('TIDINGS_RESPONSE_INVALID', `stream todoist: Todoist ${found.reason}`, {
    details: { project },
  })
}

/** Counts the items that are not tasks, and logs the count once per run. */
class Skipped {
  #count = 0

  add(): void {
    this.#count += 1
  }

  report({ logger }: JobContext): void {
    if (this.#count > 0) logger.warn({ count: this.#count }, 'items skipped')
  }
}

/** An identifier, which fits into the log however long the id is. */
function nameOf({ id }: TodoistTask, rest: string): string {
  return identifierOf(`${id} ${rest}`) ?? id
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
