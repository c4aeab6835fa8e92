import { github, type RepositoryPart } from '../../streams/github.ts'
import type { Answers, HttpSource } from '../support/http-source/source.ts'
import { itemOf, minute } from './github-payloads.ts'
import { secrets, serveRepository } from './github-service.ts'

/** The dates of an item that a look goes by. */
const DATES: Readonly<Record<RepositoryPart, readonly string[]>> = {
  issues: ['created_at'],
  pullRequests: ['created_at'],
  releases: ['created_at', 'published_at'],
  stars: ['starred_at'],
  workflowRuns: ['created_at', 'updated_at'],
}

/** A stream that looks at one part of a repository. */
export function lookingAt(part: RepositoryPart, baseUrl: string, backfill = 1000) {
  return github({ baseUrl, notifications: false, repositories: ['octocat/hello-world'], what: [part], backfill })
}

/** A part of a repository, for the suite of all sources over HTTP. */
export function repositorySource(part: RepositoryPart): HttpSource {
  const serve = (items: readonly number[], numberOf: (item: number) => number, skewOf?: (item: number) => number) =>
    serveRepository({
      [part]: items.map((item) => {
        const date = minute(item, skewOf?.(item))
        return itemOf[part](numberOf(item), Object.fromEntries(DATES[part].map((name) => [name, date])))
      }),
    })
  const paged = (items: readonly number[]): Answers =>
    serveRepository({ [part]: items.map((number) => itemOf[part](number)) }, { most: 2 })
  return {
    name: 'github',
    stream: (url) => lookingAt(part, url),
    serve: (items, skewOf) => serve(items, (item) => item, skewOf),
    renumbering: { serve: (items) => serve(items, (item) => item + 500), outcome: 'held' },
    pages: {
      serve: paged,
      newestLast: part === 'stars',
      // Runs are read by how they failed: each is a list of its own.
      pageOf: ({ query }) =>
        ['failure', 'all', null].includes(query.get(part === 'workflowRuns' ? 'status' : 'state'))
          ? Number(query.get('page') ?? 1)
          : undefined,
    },
    world: secrets,
    conditional: part !== 'stars',
  }
}
