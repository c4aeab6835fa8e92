import fc from 'fast-check'
import { defineStream, eventType, every, job } from 'tidings'

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
