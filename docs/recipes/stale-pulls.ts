// I want a list on Monday of the pull requests that have not changed for two weeks.
//
// One message a week, unless the list is empty. Secrets: `GITHUB_TOKEN` and `SLACK_WEBHOOK`.
import { agent, eventType, every, job, listener, on } from 'tidings'
import { notify } from 'tidings/streams/notify'

const repository = 'me/app'
const stale = eventType('pulls.stale').of<{ lines: string[] }>()

const look = job(
  'stale-pulls',
  every().monday.at('9:00', 'Europe/Amsterdam'),
  async ({ fetch, secret, signal, slot, publish }) => {
    const before = new Date(slot.getTime() - 14 * 86_400_000).toISOString().slice(0, 10)
    const query = new URLSearchParams({ q: `repo:${repository} is:pr is:open draft:false updated:<${before}` })
    const response = await fetch(`https://api.github.com/search/issues?${query}&sort=updated&order=asc`, {
      headers: { authorization: `Bearer ${secret('GITHUB_TOKEN')}` },
      signal,
    })
    if (!response.ok) throw new Error(`GitHub answered ${response.status}`)
    const { items } = (await response.json()) as { items: { title: string; html_url: string; updated_at: string }[] }
    const lines = items.map(({ title, html_url, updated_at }) => `${updated_at.slice(0, 10)} ${title} ${html_url}`)
    if (lines.length > 0) await publish(stale, slot.toISOString(), { lines })
  },
  { publishes: [stale], retry: 3 },
)

export default agent('stale-pulls', [
  look,
  listener(
    'tell',
    on(stale),
    notify.slack(({ data }) => data.lines.join('\n')),
  ),
])
