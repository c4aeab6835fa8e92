import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { StoredEvent, World } from '../../lib/index.ts'
import { streamLaws } from '../../lib/testing/index.ts'
import { type CompletedTask, type TodoistOptions, todoist } from '../../streams/todoist.ts'
import { dated, localService } from '../support/local-service.ts'
import { watchStream } from '../support/watch-stream.ts'
import { type Account, activity, completedTask, example, PROJECT, serve, task, world } from './todoist-service.ts'

const DAY = 86_400_000
const now = Date.UTC(2026, 2, 1)

/** The account in the world of a law. */
function playing(account: Account): Partial<World> {
  const answer = serve(account)
  return {
    ...world,
    fetch: async (input: unknown) => {
      const { pathname: path, searchParams: query } = new URL(String(input))
      const headers = { authorization: `Bearer ${world.secret('TODOIST_TOKEN')}` }
      const { status = 200, body } = answer({ method: 'GET', path, query, headers, body: '' })
      return Response.json(body, { status })
    },
  }
}

describe('the laws of the todoist stream', () => {
  const id = fc.stringMatching(/^[A-Za-z\d]{4}$/)
  const added = streamLaws(todoist, {
    options: { project: PROJECT },
    wire: fc.record({
      id,
      content: fc.string(),
      priority: fc.nat(),
      due: fc.option(fc.record({ date: fc.string(), is_recurring: fc.boolean(), string: fc.string() })),
    }),
    truth: (sent) => sent.id,
    serve: (sent) => playing({ tasks: sent.map((one) => ({ ...one, project_id: PROJECT })) }),
    numRuns: 9,
  })
  for (const [name, law] of Object.entries(added)) it(`about added tasks: ${name}`, law)

  const completed = streamLaws(todoist, {
    options: { project: PROJECT },
    wire: fc.record({ id, content: fc.string(), minute: fc.nat(5) }),
    truth: (sent) => `${sent.id} ${sent.minute}`,
    serve: (sent) =>
      playing({
        completed: sent.map(({ minute, ...one }) => ({
          ...one,
          project_id: PROJECT,
          completed_at: new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString(),
        })),
      }),
    numRuns: 5,
  })
  for (const [name, law] of Object.entries(completed)) it(`about completions: ${name}`, law)
})

async function prepare(
  t: { after(work: () => unknown): void },
  account: Account,
  options: Partial<TodoistOptions> = {},
) {
  let time = now
  const answers = (given: Account) => dated(serve(given), () => time)
  const service = await localService(t, answers(account))
  const stream = todoist({ project: PROJECT, baseUrl: service.url, backfill: 100, ...options })
  const watched = await watchStream(t, stream, { ...world, now: () => time })
  const events = (type: string): StoredEvent[] => watched.told.filter((event) => event.type === type)
  return {
    service,
    ...watched,
    change: (next: Account) => service.answer(answers(next)),
    at: (next: number) => (time = next),
    added: () => events('todoist.added').map(({ data }) => (data as CompletedTask).content),
    completed: () => events('todoist.completed').map(({ data }) => (data as CompletedTask).completed),
  }
}

describe('todoist.added', () => {
  it('has the fields of the task', async (t) => {
    const [draft] = await example(t)
    assert.deepEqual(draft?.data, {
      id: '6X7rM8997g3RQ1',
      project: PROJECT,
      content: '[An article](https://example.com/article)',
      description: '',
      labels: ['later'],
      priority: 1,
      due: { date: '2026-01-05', recurring: false, text: '5 jan' },
      added: '2026-01-01T00:01:00.000Z',
      url: 'https://app.todoist.com/app/task/6X7rM8997g3RQ1',
    })
  })

  it('tells the tasks of all pages, oldest first', async (t) => {
    const { see, added } = await prepare(t, { tasks: [3, 1, 2, 5, 4].map((n) => task(n)), page: 2 })
    await see('added')
    assert.deepEqual(
      added(),
      [1, 2, 3, 4, 5].map((n) => `Read article ${n}`),
    )
  })

  it('tells nothing old by default, and the newest by backfill', async (t) => {
    const tasks = [1, 2, 3].map((n) => task(n))
    for (const backfill of [0, 2]) {
      const { see, added, change } = await prepare(t, { tasks }, { backfill })
      await see('added')
      assert.deepEqual(added(), ['Read article 2', 'Read article 3'].slice(2 - backfill))
      change({ tasks: [...tasks, task(4)] })
      await see('added')
      assert.equal(added().at(-1), 'Read article 4')
    }
  })

  it('does not tell a task again that is edited, completed or reopened', async (t) => {
    const { see, added, change } = await prepare(t, { tasks: [task(1)] })
    await see('added')
    change({ tasks: [task(1, { content: 'Edited', labels: [], child_order: 7 })] })
    await see('added')
    change({})
    await see('added')
    change({ tasks: [task(1)] })
    await see('added')
    assert.deepEqual(added(), ['Read article 1'])
  })

  it('tells a task that is moved into the project, also if another stream told it before', async (t) => {
    const { service, see, added, change, running } = await prepare(t, { tasks: [task(1, { project_id: '42' })] })
    await see('added')
    assert.deepEqual(added(), [])
    await running.add(todoist({ project: '42', baseUrl: service.url, backfill: 1, as: 'other' }))
    await running.trigger('other.added')
    change({ tasks: [task(1)] })
    await see('added')
    assert.deepEqual(added(), ['Read article 1', 'Read article 1'])
  })

  it('holds tasks that all have new ids', async (t) => {
    const tasks = Array.from({ length: 30 }, (_, n) => task(n))
    const { see, added, change } = await prepare(t, { tasks })
    await see('added')
    change({ tasks: tasks.map((one) => ({ ...one, id: `new${one.id}` })) })
    await see('added')
    assert.equal(added().length, 30)
  })

  it('finds the project by its name', async (t) => {
    const projects = [...Array(5).keys()].map((n) => ({ id: `id-${n}`, name: `Project ${n}` }))
    const account = { projects, tasks: [task(1, { project_id: 'id-4' })], page: 2 }
    const { see, added } = await prepare(t, account, { project: 'Project 4' })
    await see('added')
    assert.deepEqual(added(), ['Read article 1'])
  })

  for (const [what, project, words] of [
    ['unknown', 'Projekt', /has no project "Projekt"; did you mean "Project"/],
    ['ambiguous', 'Twice', /has 2 projects "Twice"; name one by its id: b, c/],
  ] as const) {
    it(`fails if the name of the project is ${what}`, async (t) => {
      const projects = [
        { id: 'a', name: 'Project' },
        { id: 'b', name: 'Twice' },
        { id: 'c', name: 'Twice' },
      ]
      const { look } = await prepare(t, { projects }, { project })
      const { error } = await look('added')
      assert.match(error?.message ?? '', words)
    })
  }

  it('skips items that are not tasks', async (t) => {
    const hostile = [null, 5, [], {}, { id: {} }, { id: '1' }, { id: '', content: 'x' }, task(2, { is_deleted: true })]
    const odd = {
      id: '7',
      content: '\ud800',
      labels: [null, 'a'],
      due: { date: 5 },
      priority: 99,
      added_at: 'never',
      __proto__: 1,
    }
    const { see, told } = await prepare(t, { tasks: [...hostile, { ...odd, project_id: PROJECT }] as never })
    await see('added')
    assert.deepEqual(
      told.map(({ data }) => data),
      [
        {
          id: '7',
          project: PROJECT,
          content: '\ufffd',
          description: '',
          labels: ['a'],
          priority: 1,
          url: 'https://app.todoist.com/app/task/7',
        },
      ],
    )
  })

  it('ends when a cursor leads to itself', async (t) => {
    const { service, look } = await prepare(t, {})
    service.answer(() => ({ body: { results: [], next_cursor: 'again' } }))
    const { error } = await look('added')
    assert.match(error?.message ?? '', /expected another cursor than before/)
    assert.equal(service.asked.length, 2)
  })

  it('waits as long as the body of a 429 asks for', async (t) => {
    const { service, running } = await prepare(t, {})
    const body = { error: 'Too many requests', error_code: 35, error_extra: { retry_after: 0.01 } }
    let refused = 0
    service.answer((asked) => ((refused += 1) === 1 ? { status: 429, body } : serve({ tasks: [task(1)] })(asked)))
    const report = await running.trigger('todoist.added')
    assert.equal(report?.error, undefined)
    assert.equal(service.asked.length, 2)
  })
})

describe('todoist.completed', () => {
  const times = (...hours: number[]): string[] => hours.map((hour) => new Date(now + hour * 3_600_000).toISOString())
  const [yesterday = '', later = '', tomorrow = ''] = times(-24, 1, 24)

  it('tells each completion of all pages once, oldest first', async (t) => {
    const completed = [completedTask(1, later), completedTask(2, yesterday), completedTask(3, tomorrow)]
    const told = await prepare(t, { completed: completed.slice(0, 2), page: 1 })
    await told.see('completed')
    told.at(now + 2 * DAY)
    told.change({ completed, page: 1 })
    await told.see('completed')
    await told.see('completed')
    assert.deepEqual(told.completed(), [yesterday, later, tomorrow])
  })

  it('tells a task again that was reopened and completed', async (t) => {
    const { see, change, completed } = await prepare(t, { completed: [completedTask(1, yesterday)] })
    await see('completed')
    change({ completed: [completedTask(1, later)] })
    await see('completed')
    assert.deepEqual(completed(), [yesterday, later])
  })

  it('tells a completion that arrives up to two weeks late', async (t) => {
    const { see, at, change, completed } = await prepare(t, {})
    await see('completed')
    at(now + 13 * DAY)
    change({ completed: [completedTask(1, later)] })
    await see('completed')
    assert.deepEqual(completed(), [later])
  })

  it('tells what was completed while the agent was off for a year', async (t) => {
    const { see, at, change, completed } = await prepare(t, {})
    await see('completed')
    at(now + 365 * DAY)
    const [spring = '', winter = ''] = times(100 * 24, 360 * 24)
    change({ completed: [completedTask(1, spring), completedTask(2, winter)] })
    await see('completed')
    assert.deepEqual(completed(), [spring, winter])
  })

  it('tells many completions after a long pause', async (t) => {
    const { see, at, change, completed } = await prepare(t, { completed: [completedTask(1, yesterday)] })
    await see('completed')
    at(now + 60 * DAY)
    const many = Array.from({ length: 30 }, (_, n) => completedTask(n, times(24 * (n + 25))[0] ?? ''))
    change({ completed: many })
    await see('completed')
    assert.equal(completed().length, 31)
  })

  it('misses nothing after a clock that was ahead', async (t) => {
    const { see, at, change, completed } = await prepare(t, {})
    at(now + 365 * DAY)
    await see('completed')
    at(now + DAY)
    change({ completed: [completedTask(1, later)] })
    await see('completed')
    assert.deepEqual(completed(), [later])
  })

  const daily = task(9, { due: { date: '2026-03-02', is_recurring: true, string: 'every day' } })

  it('tells each completion of a recurring task, from the activity log', async (t) => {
    const { see, change, completed, told } = await prepare(t, { tasks: [task(1), daily] })
    await see('completed')
    const activities = [
      activity(9, yesterday, { extra_data: { content: 'As it was' } }),
      activity(9, later),
      // One-off tasks are in the list of completed tasks.
      activity(1, later),
      activity(9, tomorrow, { event_type: 'updated' }),
      activity(9, 'never'),
      null as never,
    ]
    change({ tasks: [task(1), daily], activities, completed: [completedTask(1, later)], page: 2 })
    await see('completed')
    await see('completed')
    assert.deepEqual(completed(), [yesterday, later, later])
    assert.equal((told[0]?.data as CompletedTask | undefined)?.content, 'As it was')
  })

  for (const status of [403, 404]) {
    it(`tells other completions if the activity log answers ${status}`, async (t) => {
      const { service, see, completed } = await prepare(t, {})
      const answer = dated(serve({ tasks: [daily], completed: [completedTask(1, yesterday)] }), () => now)
      service.answer((asked) => (asked.path.endsWith('/activities') ? { status } : answer(asked)))
      await see('completed')
      assert.deepEqual(completed(), [yesterday])
    })
  }
})

describe('the options of todoist', () => {
  it('must name the project', () => {
    assert.throws(() => todoist({} as never), { code: 'TIDINGS_STREAM_INVALID', message: /project: expected text/ })
    assert.throws(() => todoist({ project: 'a', tokn: 'B' } as never), { message: /did you mean "token"/ })
  })
})
