import fc from 'fast-check'
import { agent, defineStream, eventType, every, job, listener, on, Park, Retry, where } from 'tidings'
import { arbEvent } from 'tidings/testing'

const item = eventType('shop.item')

/** A stream over a shop; `drafts` makes of the shop's items what is published. */
const shop = (drafts) =>
  defineStream({
    name: 'shop',
    summary: 'New items in a shop.',
    events: { item },
    jobs: ({ url }) => [
      job('items', every('10m'), async ({ fetch, now }) => {
        const response = await fetch(url)
        if (!response.ok) throw new Error(`the shop answers ${response.status}`)
        return drafts(await response.json(), now)
      }),
    ],
  })

export const good = shop((items) => items.map((each) => item(each.sku, each)))
export const positional = shop((items) => items.map((each, place) => item(String(place), each)))
export const timed = shop((items, now) => items.map((each) => item(`${each.sku} at ${now()}`, each)))
export const truncated = shop((items) => items.map((each) => item(each.sku.slice(0, 8), each)))
export const losing = shop((items) => items.slice(0, -1).map((each) => item(each.sku, each)))

/** The shop, as far as the laws need to know it. */
export const service = {
  options: { url: 'https://shop.example/items' },
  wire: fc.record({ sku: fc.uuid(), title: fc.string() }),
  truth: (sent) => sent.sku,
  serve: (sent) => async () => Response.json(sent),
}

/** What the shop has told, as listeners hear it. */
export const events = arbEvent(item, { data: service.wire })

const chat = (headers) =>
  listener('tell', on(item), async ({ data }, { fetch, key }) => {
    const answer = await fetch('https://chat.example/', { method: 'POST', headers: headers(key), body: data.title })
    if (answer.headers.has('retry-after')) throw new Retry({ after: Number(answer.headers.get('retry-after')) * 1000 })
    if (answer.status >= 500) throw new Error(`the chat answers ${answer.status}`)
    if (!answer.ok) throw new Park(`the chat answers ${answer.status}`)
  })
export const keyed = chat((key) => ({ 'idempotency-key': key }))
export const keyless = chat(() => ({}))
export const world = { fetch: async () => Response.json([{ sku: 'a', title: 'A thing' }]) }

/** Tells a title once, as long as the process lives. */
export const forgetful = () => {
  const known = new Set()
  const isNew = ({ data }) => !known.has(data.title) && known.add(data.title) !== undefined
  return listener('titles', on(item).pipe(where(isNew)), () => undefined)
}

export const home = agent('home', [good({ url: service.options.url }), keyed])
export const circle = agent('circle', [
  listener('again', on(item), ({ identifier, data }, { publish }) => publish(item, `${identifier}!`, data)),
])
