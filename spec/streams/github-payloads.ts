import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { RepositoryPart } from '../../streams/github.ts'

/** An item of a list as GitHub sends it. */
export type Item = Readonly<Record<string, unknown>>

const require = createRequire(import.meta.url)

/** Recorded webhooks: the packages of GitHub's own clients have them. */
export const webhooks = JSON.parse(readFileSync(require.resolve('@octokit/webhooks-examples'), 'utf8')) as readonly {
  readonly name: string
  readonly examples: readonly Item[]
}[]

const fixtures = dirname(require.resolve('@octokit/fixtures/package.json'))

/** A request that was recorded, and its answer. */
export interface Exchange {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly response: unknown
}

/** The recorded exchanges of a scenario, in their order. */
export function exchangesOf(scenario: string): readonly Exchange[] {
  const path = join(fixtures, 'scenarios/api.github.com', scenario, 'normalized-fixture.json')
  return JSON.parse(readFileSync(path, 'utf8')) as readonly Exchange[]
}

function recorded(name: string, member: string, action?: string): Item {
  const all = webhooks.find((one) => one.name === name)?.examples ?? []
  const example = all.find((one) => action === undefined || one['action'] === action)
  if (example === undefined) throw new Error(`there is no example of ${name}`)
  return example[member] as Item
}

const issue = exchangesOf('paginate-issues').flatMap(({ response }) => response as readonly Item[])[0]
const pull = recorded('pull_request', 'pull_request', 'opened')
const release = recorded('release', 'release', 'published')
const sender = recorded('star', 'sender')
const run = recorded('workflow_run', 'workflow_run')

/** `number` minutes after noon, as GitHub writes it; `skew`: how far its clock is ahead, in ms. */
export function minute(number: number, skew = 0): string {
  return new Date(Date.UTC(2026, 0, 1, 12, number) + skew).toISOString().replace('.000', '')
}

/** The item of a list with this number: the recorded one, with its own id, number, page and date. */
export const itemOf: Readonly<Record<RepositoryPart, (number: number, parts?: Item) => Item>> = {
  issues: (number, parts = {}) => ({
    ...issue,
    id: 3_000_000 + number,
    number,
    html_url: `https://github.com/octocat/hello-world/issues/${number}`,
    created_at: minute(number),
    ...parts,
  }),
  pullRequests: (number, parts = {}) => ({
    ...pull,
    id: 4_000_000 + number,
    number,
    html_url: `https://github.com/octocat/hello-world/pull/${number}`,
    created_at: minute(number),
    ...parts,
  }),
  releases: (number, parts = {}) => ({
    ...release,
    id: 5_000_000 + number,
    tag_name: `v${number}`,
    created_at: minute(number),
    published_at: minute(number),
    ...parts,
  }),
  stars: (number, parts = {}) => ({
    starred_at: minute(number),
    user: { ...sender, id: 6_000_000 + number, login: `user-${number}` },
    ...parts,
  }),
  workflowRuns: (number, parts = {}) => ({
    ...run,
    id: 7_000_000 + number,
    run_number: number,
    status: 'completed',
    conclusion: 'failure',
    created_at: minute(number),
    updated_at: minute(number),
    ...parts,
  }),
}
