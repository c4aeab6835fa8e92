import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import feeds from '../../docs/recipes/feeds.ts'
import follower from '../../docs/recipes/follower.ts'
import npmIssue from '../../docs/recipes/npm-issue.ts'
import page from '../../docs/recipes/page.ts'
import price from '../../docs/recipes/price.ts'
import rain from '../../docs/recipes/rain.ts'
import release from '../../docs/recipes/release.ts'
import stalePulls from '../../docs/recipes/stale-pulls.ts'
import train from '../../docs/recipes/train.ts'
import workflow from '../../docs/recipes/workflow.ts'
import type { RepositoryPart } from '../../streams/github.ts'
import { post, rss } from '../streams/feed-service.ts'
import { type Item, itemOf } from '../streams/github-payloads.ts'
import { page as pageOf, serveRepository } from '../streams/github-service.ts'
import { type Published, serve as serveRegistry } from '../streams/npm-service.ts'
import { type Departure, MINUTE, NOW, predictions } from '../streams/transit-service.ts'
import { forecast, hourAt } from '../streams/weather-service.ts'
import type { Asked, Told } from '../support/local-service.ts'
import { smtpServer } from '../support/smtp-server.ts'
import { mailIn, runRecipe, takes } from './run-recipe.ts'

const at = '2026-01-01T12:00:00Z'

function html(body: string): Told {
  return { headers: { 'content-type': 'text/html' }, body: `<!doctype html><main>${body}</main>` }
}

describe('the recipe price', () => {
  it('sends one message each time the price falls below the limit', async (t) => {
    let now = '€ 600'
    const hosts = { 'shop.example': () => html(`<p class="price">${now}</p>`), 'ntfy.sh': takes }
    const recipe = await runRecipe(t, price, { at, hosts })
    for (const next of ['€ 600', '€ 520', '€ 480', '€ 470', '€ 1.200,00', '€ 499,50']) {
      now = next
      await recipe.look()
    }
    const message = (text: string) => ({ topic: 'prices-x7f3', message: text, click: 'https://shop.example/bike' })
    await recipe.hasDone(() => recipe.sent('ntfy.sh'), [message('The bike costs 480'), message('The bike costs 499.5')])
  })
})

describe('the recipe page', () => {
  it('sends one mail for each change of the text', async (t) => {
    const { url, messages } = await smtpServer(t)
    let text = 'Maths at nine'
    const hosts = { 'school.example': () => html(`<b>${text}</b>`) }
    const recipe = await runRecipe(t, page, { at, hosts, secrets: { SMTP_URL: url } })
    await recipe.look()
    text = 'Maths at ten'
    await recipe.look()
    const mail = {
      subject: 'The timetable has changed',
      text: 'Now:\nMaths at ten\n\nBefore:\nMaths at nine\n\nhttps://school.example/timetable',
    }
    await recipe.hasDone(() => messages.map(mailIn), [mail])
  })
})

describe('the recipe feeds', () => {
  it('sends the news of a day in one mail, at six', async (t) => {
    const { url, messages } = await smtpServer(t)
    const posts = [1]
    const feed = (): Told => ({ headers: { 'content-type': 'text/xml' }, body: rss(posts.map((n) => post(n))) })
    const none = (): Told => ({ headers: { 'content-type': 'text/xml' }, body: rss([]) })
    const local = new Date(2026, 0, 1, 15, 30).toISOString()
    const hosts = { 'nodejs.org': feed, 'github.blog': none }
    const recipe = await runRecipe(t, feeds, { at: local, hosts, secrets: { SMTP_URL: url } })
    await recipe.look()
    posts.push(2, 3)
    await recipe.look()
    await recipe.restart()
    assert.deepEqual(messages, [])
    await recipe.pass(29 * MINUTE)
    assert.deepEqual(messages, [])
    await recipe.pass(MINUTE)
    const mail = {
      subject: '2 new in your feeds',
      text: 'Post 2\nhttps://blog.example/2\n\nPost 3\nhttps://blog.example/3',
    }
    await recipe.hasDone(() => messages.map(mailIn), [mail])
  })
})

describe('the recipe rain', () => {
  it('sends one message when rain is likely within the hour', async (t) => {
    let next = { code: 3, probability: 90 }
    const serve = (): Told => ({ body: forecast(undefined, [{ at: hourAt(0) }, { at: hourAt(1), ...next }]) })
    const hosts = { 'api.open-meteo.com': serve, 'ntfy.sh': takes }
    const recipe = await runRecipe(t, rain, { at: new Date(NOW - 40 * MINUTE).toISOString(), hosts })
    for (const [code, probability] of [
      [3, 90],
      [61, 40],
      [61, 65],
      [61, 95],
    ] as const) {
      next = { code, probability }
      await recipe.look()
    }
    await recipe.hasDone(() => recipe.sent('ntfy.sh'), [{ topic: 'rain-x7f3', message: 'Rain at 23:00, 65 % likely' }])
  })
})

describe('the recipe train', () => {
  it('sends one message for each train that is late or cancelled', async (t) => {
    let departures: Departure[] = []
    const hosts = { 'api-v3.mbta.com': (): Told => ({ body: predictions(departures) }), 'api.telegram.org': takes }
    const secrets = { TELEGRAM_TOKEN: '1:x' }
    const recipe = await runRecipe(t, train, { at: new Date(NOW).toISOString(), hosts, secrets })
    const scheduled = NOW + 15 * MINUTE
    for (const delay of [0, 3, 6, 12]) {
      departures = [{ trip: 'a', scheduled, departure: scheduled + delay * MINUTE }]
      await recipe.look()
    }
    departures.push({ trip: 'b', scheduled, departure: null, relationship: 'CANCELLED' })
    await recipe.look()
    const texts = () => recipe.sent('api.telegram.org').map((body) => (body as { text: string }).text)
    await recipe.hasDone(texts, ['Alewife: 6 minutes late', 'Alewife: cancelled'])
  })
})

/** GitHub, while one repository has these items. */
function githubWith(repository: string, items: Partial<Record<RepositoryPart, readonly Item[]>>) {
  const serve = (asked: Asked): Told => {
    const path = asked.path.replace(`/repos/${repository}/`, '/repos/octocat/hello-world/')
    return path.startsWith('/repos/octocat/') ? serveRepository(items)({ ...asked, path }) : { body: [] }
  }
  return serve
}

describe('the recipe release', () => {
  it('sends one message for each new release', async (t) => {
    const releases = [itemOf.releases(1)]
    const hosts = { 'api.github.com': githubWith('nodejs/node', { releases }), 'ntfy.sh': takes }
    const recipe = await runRecipe(t, release, { at, hosts, secrets: { GITHUB_TOKEN: 'x' } })
    await recipe.look()
    releases.push(itemOf.releases(2, { html_url: 'https://example.com/v2' }), itemOf.releases(3, { prerelease: true }))
    await recipe.look()
    await recipe.hasDone(
      () => recipe.sent('ntfy.sh'),
      [{ topic: 'releases-x7f3', message: 'nodejs/node v2 is out', click: 'https://example.com/v2' }],
    )
  })
})

describe('the recipe workflow', () => {
  it('sends one message for a workflow that fails again and again, and another after a day', async (t) => {
    const workflowRuns: Item[] = []
    const hosts = { 'api.github.com': githubWith('me/app', { workflowRuns }), 'hooks.slack.example': takes }
    const secrets = { GITHUB_TOKEN: 'x', SLACK_WEBHOOK: 'https://hooks.slack.example/hook' }
    const recipe = await runRecipe(t, workflow, { at, hosts, secrets })
    const failed = (n: number, parts: Item) =>
      itemOf.workflowRuns(n, { name: 'CI', display_title: `change ${n}`, html_url: `https://x.example/${n}`, ...parts })
    await recipe.look()
    workflowRuns.push(failed(1, { head_branch: 'feature' }), failed(2, { head_branch: 'main' }))
    await recipe.look()
    workflowRuns.push(failed(3, { head_branch: 'main' }))
    await recipe.look()
    const first = { text: 'CI fails on main since "change 2": https://x.example/2' }
    await recipe.hasDone(() => recipe.sent('hooks.slack.example'), [first])
    await recipe.restart(24 * 3_600_000)
    workflowRuns.push(failed(4, { head_branch: 'main' }))
    await recipe.look()
    await recipe.hasDone(
      () => recipe.sent('hooks.slack.example'),
      [first, { text: 'CI fails on main since "change 4": https://x.example/4' }],
    )
  })
})

describe('the recipe npm-issue', () => {
  it('opens one issue for each new version with the tag latest', async (t) => {
    const versions: Published[] = [{ version: '7.8.1', at: '2025-01-01T00:00:00Z' }]
    const tags = { latest: '7.8.1' }
    const registry = (asked: Asked): Told =>
      asked.path === '/rxjs' ? serveRegistry(versions, tags)(asked) : serveRegistry([])(asked)
    const hosts = { 'registry.npmjs.org': registry, 'api.github.com': takes }
    const recipe = await runRecipe(t, npmIssue, { at, hosts, secrets: { GITHUB_TOKEN: 'x' } })
    await recipe.look()
    versions.push({ version: '7.8.2', at: '2026-01-01T12:10:00Z' }, { version: '6.9.9', at: '2026-01-01T12:11:00Z' })
    tags.latest = '7.8.2'
    await recipe.look()
    const issue = {
      title: 'Update rxjs to 7.8.2',
      body: 'https://www.npmjs.com/package/rxjs/v/7.8.2',
      labels: ['dependencies'],
    }
    await recipe.hasDone(() => recipe.sent('api.github.com'), [issue])
  })
})

describe('the recipe follower', () => {
  it('sends one message for each new follower, on whatever page', async (t) => {
    const people = [{ id: 1, login: 'ada', html_url: 'https://github.com/ada' }]
    const hosts = {
      'api.github.com': (asked: Asked) => pageOf(people, asked, { most: 2 }),
      'discord.example': takes,
    }
    const secrets = { GITHUB_TOKEN: 'x', DISCORD_WEBHOOK: 'https://discord.example/hook' }
    const recipe = await runRecipe(t, follower, { at, hosts, secrets })
    await recipe.look()
    for (const [id, login] of [
      [2, 'bob'],
      [3, 'cleo'],
    ] as const)
      people.push({ id, login, html_url: `https://github.com/${login}` })
    await recipe.look()
    const contents = () => recipe.sent('discord.example').map((body) => (body as { content: string }).content)
    await recipe.hasDone(
      () => contents().toSorted(),
      ['bob follows you: https://github.com/bob', 'cleo follows you: https://github.com/cleo'],
    )
  })
})

describe('the recipe stale-pulls', () => {
  it('sends one list each Monday, of what is older than two weeks', async (t) => {
    const queries: (string | null)[] = []
    let items: readonly Item[] = []
    const search = ({ path, query }: Asked): Told => {
      queries.push(query.get('q'))
      return path === '/search/issues' ? { body: { total_count: items.length, items } } : { status: 404 }
    }
    const hosts = { 'api.github.com': search, 'hooks.slack.example': takes }
    const secrets = { GITHUB_TOKEN: 'x', SLACK_WEBHOOK: 'https://hooks.slack.example/hook' }
    const recipe = await runRecipe(t, stalePulls, { at, hosts, secrets })
    const texts = () => recipe.sent('hooks.slack.example').map((body) => (body as { text: string }).text)
    await recipe.look()
    assert.deepEqual(texts(), [])
    items = [{ title: 'Old', html_url: 'https://x.example/1', updated_at: '2025-12-01T00:00:00Z', number: 1 }]
    await recipe.look()
    assert.equal(new Date(recipe.clock.now()).toISOString(), '2026-01-12T08:00:00.000Z')
    assert.equal(queries.at(-1), 'repo:me/app is:pr is:open draft:false updated:<2025-12-29')
    await recipe.restart()
    assert.deepEqual(texts(), ['2025-12-01 Old https://x.example/1'])
    await recipe.look()
    assert.equal(texts().length, 2)
  })
})
