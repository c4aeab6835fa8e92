// I want a message when I have a new follower.
//
// On GitHub here; any JSON API that lists your followers will do. Those of the first look are known. Secrets:
// `GITHUB_TOKEN`, and `DISCORD_WEBHOOK`, the address of a webhook.
import { agent, eventType, listener, on } from 'tidings'
import { http } from 'tidings/streams/http'
import { notify } from 'tidings/streams/notify'

const follower = eventType('follower').of<{ name: string; page: string }>()

const followers = http({
  url: 'https://api.github.com/users/octocat/followers?per_page=100',
  identifier: 'id',
  type: follower,
  data: ({ login, html_url }: { login: string; html_url: string }) => ({ name: login, page: html_url }),
  next: 'link',
  token: 'GITHUB_TOKEN',
  every: '30m',
})

export default agent('follower', [
  followers,
  listener(
    'tell',
    on(follower),
    notify.discord(({ data }) => `${data.name} follows you: ${data.page}`),
  ),
])
