import { type Delivery, Park } from '../../lib/index.ts'
import { defined, describe } from '../../lib/streams.ts'
import { type HandlerAnswer, type HandlerRequest, send } from '../shared/http-handler.ts'
import { address, checkFunction, optional, optionsOf, settingsOf, text } from '../shared/options.ts'
import { cut } from '../shared/wire.ts'
import { type Fields, fieldsOf, findProject, type Get, parseJson, retryAfter, statusOf } from './api.ts'

/** A task to add. */
export interface NewTask {
  /** The title, with Todoist's Markdown; cut at 500 characters. */
  readonly content: string
  /** More text below it; cut at 16 383 characters. */
  readonly description?: string | undefined
  /** When it is due: words that Todoist understands (`'tomorrow at 9'`, `'every monday'`), a date, or an ISO 8601 time. */
  readonly due?: string | Date | undefined
  /** Names of labels, made if they are missing. */
  readonly labels?: readonly string[] | undefined
  /** From 1 (normal, the default) to 4 (urgent), which the apps show as p1. */
  readonly priority?: 1 | 2 | 3 | 4 | undefined
  /** The project, by its id or name; default that of the options, otherwise the inbox. */
  readonly project?: string | undefined
}

/** The options of `todoist.completeTask`. */
export interface TodoistAccess {
  /** The name of the secret with an API token; default `'TODOIST_TOKEN'`. */
  readonly token?: string
  /** The address of the service; default `'https://api.todoist.com'`. */
  readonly baseUrl?: string
}

/** The options of `todoist.addTask`. */
export interface AddTaskOptions extends TodoistAccess {
  /** The project of tasks that name none, by its id or name; default the inbox. */
  readonly project?: string
}

const access = { token: text('TODOIST_TOKEN'), baseUrl: address('https://api.todoist.com') }
const completeOptions = optionsOf<TodoistAccess>()(access)
const addOptions = optionsOf<AddTaskOptions>()({ ...access, project: optional(text()) })

const ADD = 'todoist.addTask'
const COMPLETE = 'todoist.completeTask'

/** The longest title and description that Todoist takes, in characters. */
const LONGEST = { content: 500, description: 16_383 }

/**
 * Adds a task for each event.
 *
 * - **Once**: the delivery's key is sent as `X-Request-Id`, and Todoist ignores a request whose id it has seen. An event
 *   that is delivered again, after a crash or a lost answer, adds no second task.
 * - **Limits**: Todoist takes some hundred requests per user in 15 minutes. A 429 is tried again after the time that it asks
 *   for, and so is a 5xx that names one; others follow the listener's backoff. Any other refusal parks the event, as does
 *   a project that does not exist. A project's name costs one more request in the life of the handler.
 *
 * @param task makes the task of an event
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`
 */
export function addTask<E>(
  task: (event: E, delivery: Delivery) => NewTask | Promise<NewTask>,
  options: AddTaskOptions = {},
): (event: E, delivery: Delivery) => Promise<void> {
  const { project: common, ...service } = settingsOf(ADD, addOptions, options)
  checkFunction(ADD, task)
  const projects = new Map<string, string>()
  return async (event, delivery) => {
    const { project = common, ...body } = bodyOf(await task(event, delivery))
    const id = project === undefined ? undefined : (projects.get(project) ?? (await idOf(delivery, service, project)))
    if (project !== undefined && id !== undefined) projects.set(project, id)
    try {
      const json = { ...body, ...(id === undefined ? {} : { project_id: id }) }
      await ask(delivery, service, ADD, 'POST', 'tasks', { json })
    } catch (error) {
      // Its project may have been deleted and made again.
      if (project !== undefined && error instanceof Park) projects.delete(project)
      throw error
    }
  }
}

/**
 * Completes a task for each event. To complete one twice does no harm: a one-off task stays completed, and for a
 * recurring one `X-Request-Id` keeps a second delivery from completing the next occurrence. A task that no longer exists is
 * logged, and counts as completed.
 *
 * Limits and errors are those of `todoist.addTask`.
 *
 * @param task names the task of an event, by its id
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`
 */
export function completeTask<E>(
  task: (event: E, delivery: Delivery) => string | Promise<string>,
  options: TodoistAccess = {},
): (event: E, delivery: Delivery) => Promise<void> {
  const service = settingsOf(COMPLETE, completeOptions, options)
  checkFunction(COMPLETE, task)
  return async (event, delivery) => {
    const id: unknown = await task(event, delivery)
    if (typeof id !== 'string' || !/^[\w-]+$/.test(id)) {
      throw new Park(`${COMPLETE}: expected the id of a task, got ${describe(id)}`)
    }
    try {
      await ask(delivery, service, COMPLETE, 'POST', `tasks/${id}/close`, {})
    } catch (error) {
      if (statusOf(error) !== 404) throw error
      delivery.logger.info({ task: id }, 'task not found')
    }
  }
}

interface Service {
  readonly token: string
  readonly baseUrl: string
}

function ask(
  delivery: Delivery,
  { token, baseUrl }: Service,
  who: string,
  method: HandlerRequest['method'],
  path: string,
  { json }: { readonly json?: unknown },
): Promise<HandlerAnswer> {
  const id = method === 'GET' ? {} : { 'x-request-id': delivery.key }
  const headers = { authorization: `Bearer ${delivery.secret(token)}`, ...id }
  return send(delivery, who, { method, url: `${baseUrl}/api/v1/${path}`, headers, json, retryAfter })
}

async function idOf(delivery: Delivery, service: Service, project: string): Promise<string> {
  const get: Get = async (path, query) => {
    const parameters = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])
    const whole = `${path}?${new URLSearchParams(parameters)}`
    return parseJson((await ask(delivery, service, ADD, 'GET', whole, {})).text())
  }
  const found = await findProject(get, project)
  if ('reason' in found) throw new Park(`${ADD}: Todoist ${found.reason}`)
  return found.id
}

function bodyOf(task: unknown): Fields & { readonly project?: string } {
  const { content, description, due, labels, priority, project } = fieldsOf(task) ?? {}
  if (typeof content !== 'string' || content.trim() === '') {
    throw new Park(`${ADD}: expected a task such as { content: 'Read it' }, got ${describe(task)} without content`)
  }
  if (project !== undefined && (typeof project !== 'string' || project === '')) {
    throw new Park(`${ADD}: project must be an id or a name, got ${describe(project)}`)
  }
  return defined({
    content: cut(content, LONGEST.content),
    description: typeof description === 'string' ? cut(description, LONGEST.description) : undefined,
    ...dueOf(due),
    labels,
    priority,
    project,
  })
}

function dueOf(due: unknown): Fields {
  if (due === undefined || due === null) return {}
  if (due instanceof Date && !Number.isNaN(due.getTime())) return { due_datetime: due.toISOString() }
  if (typeof due !== 'string') throw new Park(`${ADD}: due must be text or a date, got ${describe(due)}`)
  if (/^\d{4}-\d{2}-\d{2}$/.test(due)) return { due_date: due }
  return /^\d{4}-\d{2}-\d{2}T/.test(due) ? { due_datetime: due } : { due_string: due }
}
