import { todoist } from '../../streams/todoist.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { completedTask, PROJECT, serve, task, type WireTask, world } from './todoist-service.ts'

const now = Date.UTC(2026, 2, 1)

/** A task that was added `n` minutes after the year began. */
function addedTask(n: number, skew = 0): WireTask {
  return task(n, { added_at: new Date(Date.UTC(2026, 0, 1) + n * 60_000 + skew).toISOString() })
}

/** A task that was completed some minutes ago, the one with the highest number last. */
function doneTask(n: number, skew = 0): WireTask {
  return completedTask(n, new Date(now - (60 - n) * 60_000 + skew).toISOString())
}

function pageOf(query: URLSearchParams): number {
  return Number(query.get('cursor')?.slice('cursor-'.length) ?? 0) / 2 + 1
}

httpSourceSuite({
  name: 'todoist',
  stream: (baseUrl) => todoist({ project: PROJECT, baseUrl, backfill: 100 }),
  job: 'added',
  serve: (items, skewOf) => serve({ tasks: items.map((n) => addedTask(n, skewOf?.(n))) }),
  renumbering: {
    serve: (items) => serve({ tasks: items.map((n) => ({ ...addedTask(n), id: `6X7rNew${n}` })) }),
    outcome: 'held',
  },
  pages: {
    serve: (items) => serve({ tasks: items.toReversed().map((n) => addedTask(n)), page: 2 }),
    pageOf: ({ path, query }) => (path.endsWith('/tasks') ? pageOf(query) : undefined),
  },
  world,
})

httpSourceSuite({
  name: 'todoist',
  stream: (baseUrl) => todoist({ project: PROJECT, baseUrl, backfill: 100 }),
  job: 'completed',
  serve: (items, skewOf) => serve({ completed: items.map((n) => doneTask(n, skewOf?.(n))) }),
  renumbering: {
    serve: (items) => serve({ completed: items.map((n) => ({ ...doneTask(n), id: `6X7rNew${n}` })) }),
    outcome: 'held',
  },
  pages: {
    serve: (items) => serve({ completed: items.toReversed().map((n) => doneTask(n)), page: 2 }),
    pageOf: ({ path, query }) => (path.endsWith('/by_completion_date') ? pageOf(query) : undefined),
  },
  world: { ...world, now: () => now },
})
