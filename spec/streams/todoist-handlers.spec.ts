import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPark, isRetry } from '../../lib/core/control.ts'
import { agent, type Delivery, eventType, listener, memoryLog, on, start } from '../../lib/index.ts'
import { type NewTask, todoist } from '../../streams/todoist.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { PROJECT, serve, TOKEN, world } from './todoist-service.ts'

type Test = { after(work: () => unknown): void }

const note = eventType('note').of<{ text: string }>()
const projects = [
  { id: PROJECT, name: 'Inbox' },
  { id: 'work-id', name: 'Work' },
]
const lists = serve({ projects })

/** Todoist, which ignores a request whose id it has seen. */
function ledger(): { readonly answer: (asked: Asked) => Told; readonly done: Map<string, Asked> } {
  const done = new Map<string, Asked>()
  const answer = (asked: Asked): Told => {
    if (asked.method !== 'POST') return lists(asked)
    const id = String(asked.headers['x-request-id'])
    if (!done.has(id)) done.set(id, asked)
    return asked.path.endsWith('/close') ? { status: 204 } : { body: { id: '1', content: 'x' } }
  }
  return { answer, done }
}

async function prepare(t: Test, answer: (asked: Asked) => Told = ledger().answer) {
  const service = await localService(t, answer)
  const lines: unknown[] = []
  const info = (...line: unknown[]): void => void lines.push(line)
  const delivery = {
    key: '0123456789abcdef-0123456789abcdef-01',
    signal: new AbortController().signal,
    fetch: globalThis.fetch,
    now: () => Date.UTC(2026, 0, 1),
    logger: { info },
    ...world,
  } as unknown as Delivery
  const options = { baseUrl: service.url }
  const add = (task: NewTask, more = {}): Promise<void> =>
    todoist.addTask(() => task, { ...options, ...more })(undefined, delivery)
  const complete = (id: string): Promise<void> => todoist.completeTask(() => id, options)(undefined, delivery)
  const bodies = (): unknown[] =>
    service.asked.filter(({ method }) => method === 'POST').map(({ body }) => (body === '' ? '' : JSON.parse(body)))
  return { service, delivery, options, add, complete, bodies, lines }
}

const failure = (asked: Promise<void>): Promise<Error> =>
  asked.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error as Error,
  )

describe('todoist.addTask', () => {
  it('adds a task for each event, once', async (t) => {
    const { answer, done } = ledger()
    // The first answer is lost, so the event is delivered again.
    let lost = 0
    const service = await localService(t, (asked) => {
      const told = answer(asked)
      return asked.method === 'POST' && (lost += 1) === 1 ? { ...told, cut: 5 } : told
    })
    const log = await memoryLog()
    t.after(() => log.close())
    const add = todoist.addTask<{ data: { text: string } }>(({ data }) => ({ content: data.text }), {
      baseUrl: service.url,
      project: 'Work',
    })
    const tasks = listener('tasks', on(note), add, { backoff: { min: 1, max: 1 } })
    await using running = await start(agent('tasks', [tasks]), { log, logger: false, world })
    for (const text of ['one', 'two', 'three']) await running.publish(note(text, { text }))
    await running.drained()
    const contents = [...done.values()].map(({ body }) => JSON.parse(body) as unknown)
    assert.deepEqual(
      contents,
      ['one', 'two', 'three'].map((content) => ({ content, project_id: 'work-id' })),
    )
    assert.equal(service.asked.filter(({ method }) => method === 'POST').length, 4)
    // Looked up once in the life of the handler.
    assert.equal(service.asked.filter(({ method }) => method === 'GET').length, 1)
    for (const key of done.keys()) assert.ok(key.length <= 36)
  })

  it('sends what the task has', async (t) => {
    const { service, add, bodies } = await prepare(t)
    await add({ content: 'Read', description: 'a book', labels: ['later'], priority: 4, project: 'Work' })
    const [, asked] = service.asked
    assert.equal(asked?.path, '/api/v1/tasks')
    assert.equal(asked?.headers.authorization, `Bearer ${TOKEN}`)
    assert.equal(asked?.headers['x-request-id'], '0123456789abcdef-0123456789abcdef-01')
    assert.equal(asked?.headers['content-type'], 'application/json')
    assert.deepEqual(bodies(), [
      { content: 'Read', description: 'a book', labels: ['later'], priority: 4, project_id: 'work-id' },
    ])
  })

  it('tells dates from words', async (t) => {
    const { add, bodies } = await prepare(t)
    const dues = ['2026-01-31', '2026-01-31T10:00:00Z', new Date(0), 'every monday at 9']
    for (const due of dues) await add({ content: 'x', due })
    assert.deepEqual(bodies(), [
      { content: 'x', due_date: '2026-01-31' },
      { content: 'x', due_datetime: '2026-01-31T10:00:00Z' },
      { content: 'x', due_datetime: '1970-01-01T00:00:00.000Z' },
      { content: 'x', due_string: 'every monday at 9' },
    ])
  })

  it('cuts texts that are too long', async (t) => {
    const { add, bodies } = await prepare(t)
    await add({ content: 'x'.repeat(501), description: '\ud800'.repeat(20_000) })
    const [{ content, description }] = bodies() as [{ content: string; description: string }]
    assert.equal(content, `${'x'.repeat(499)}…`)
    assert.equal(description.length, 16_383)
    assert.ok(description.isWellFormed())
  })

  it('takes a project by its id without a look-up', async (t) => {
    const { service, add, bodies } = await prepare(t)
    await add({ content: 'x', project: PROJECT })
    await add({ content: 'x' }, { project: '2203306141' })
    assert.equal(service.asked.length, 2)
    assert.deepEqual(bodies(), [
      { content: 'x', project_id: PROJECT },
      { content: 'x', project_id: '2203306141' },
    ])
  })

  it('parks an event without a task, or with an unknown project', async (t) => {
    const { add, bodies } = await prepare(t)
    for (const [task, words] of [
      [undefined, /^todoist\.addTask: expected a task/],
      [{ content: ' ' }, /expected a task/],
      [{ content: 'x', due: 5 }, /due must be text or a date, got 5/],
      [{ content: 'x', project: 'Wrok' }, /has no project "Wrok"; did you mean "Work"/],
    ] as const) {
      const error = await failure(add(task as never))
      assert.ok(isPark(error))
      assert.match(error.message, words)
    }
    assert.deepEqual(bodies(), [])
  })

  it('waits as long as Todoist asks for, in the body or the header', async (t) => {
    const body = { error: 'Too many requests', error_extra: { retry_after: 7 } }
    for (const [told, after] of [
      [{ status: 429, body }, 7000],
      [{ status: 429, body, headers: { 'retry-after': '9' } }, 9000],
      [{ status: 503, headers: { 'retry-after': '9' } }, 9000],
    ] as const) {
      const { add } = await prepare(t, () => told)
      const error = await failure(add({ content: 'x' }))
      assert.ok(isRetry(error))
      assert.equal(error.after, after)
    }
  })

  it('fails ordinarily on a 500, parks on a 400 or 403, and never shows the token', async (t) => {
    for (const [status, parks] of [
      [500, false],
      [429, false],
      [400, true],
      [403, true],
    ] as const) {
      const { add } = await prepare(t, ({ headers }) => ({ status, body: { error: 'No', tag: headers.host } }))
      const error = await failure(add({ content: 'x' }))
      assert.equal(isPark(error), parks)
      assert.ok(!isRetry(error))
      assert.match(error.message, new RegExp(`^todoist\\.addTask: POST .*/api/v1/tasks answered ${status}`))
      assert.ok(!JSON.stringify([error, error.cause, error.stack]).includes(TOKEN))
    }
  })

  it('looks the project up again after a refusal', async (t) => {
    let refuses = true
    const { service, delivery, options } = await prepare(t, (asked) =>
      asked.method === 'GET' ? lists(asked) : refuses ? { status: 400 } : { body: {} },
    )
    const add = todoist.addTask(() => ({ content: 'x' }), { ...options, project: 'Work' })
    await failure(add(undefined, delivery))
    refuses = false
    await add(undefined, delivery)
    await add(undefined, delivery)
    assert.equal(service.asked.filter(({ method }) => method === 'GET').length, 2)
  })

  it('refuses misspelt options at once', () => {
    assert.throws(() => todoist.addTask(() => ({ content: 'x' }), { tokn: 'X' } as never), {
      code: 'TIDINGS_LISTENER_INVALID',
      message: /todoist\.addTask .*did you mean "token"/,
    })
    assert.throws(() => todoist.addTask('x' as never), { code: 'TIDINGS_LISTENER_INVALID', message: /a function/ })
  })
})

describe('todoist.completeTask', () => {
  it('completes the task, under the id of the delivery', async (t) => {
    const { service, complete } = await prepare(t)
    await complete('6X7rM8997g3RQmvh')
    await complete('6X7rM8997g3RQmvh')
    const [asked] = service.asked
    assert.deepEqual([asked?.method, asked?.path], ['POST', '/api/v1/tasks/6X7rM8997g3RQmvh/close'])
    assert.equal(asked?.headers['x-request-id'], '0123456789abcdef-0123456789abcdef-01')
  })

  it('takes a task that is gone for completed, and logs it', async (t) => {
    const { complete, lines } = await prepare(t, () => ({ status: 404 }))
    await complete('1')
    assert.deepEqual(lines, [[{ task: '1' }, 'task not found']])
  })

  it('parks what is not an id, and other refusals', async (t) => {
    const { service, complete } = await prepare(t, () => ({ status: 403 }))
    for (const id of ['', '../projects', 5 as never, undefined as never]) {
      assert.match((await failure(complete(id))).message, /expected the id of a task/)
    }
    assert.equal(service.asked.length, 0)
    assert.ok(isPark(await failure(complete('1'))))
  })
})
