// I want a message when a site is down, and one when it is up again.
//
// What lasts three minutes counts, so a short outage makes no message. The first message says that the site is watched,
// and up.
import { agent, eventType, every, job, listener, on } from 'tidings'
import { changed, settled } from 'tidings/filters'
import { notify } from 'tidings/streams/notify'

const sites = ['https://example.com/', 'https://shop.example/']
const site = eventType('site').of<{ url: string; up: boolean }>({ changed: ({ up }) => up })

const looks = sites.map((url) =>
  job(
    `site ${new URL(url).host}`,
    every().minute,
    async ({ fetch, signal, publish }) => {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(20_000)])
      const up = await fetch(url, { method: 'HEAD', signal: patience }).then(
        ({ ok }) => ok,
        () => false,
      )
      signal.throwIfAborted()
      await publish(site, url, { url, up })
    },
    { publishes: [site] },
  ),
)

const per = 'data.url'
const lasting = on(site).pipe(settled('data.up', '3m', { per }), changed('data.up', { per }))

export default agent('uptime', [
  looks,
  listener(
    'tell',
    lasting,
    notify.ntfy(({ data }) => `${data.url} is ${data.up ? 'up' : 'down'}`, { topic: 'sites-x7f3' }),
  ),
])
