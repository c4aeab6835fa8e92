// Compiled by every compiler that users may have, never run.
import fc from 'fast-check'
import { agent, defineStream, eventType, every, job, listener, on, where } from 'tidings'
import { gt } from 'tidings/filters'
import { agentLaws, arbDraft, arbEvent, listenerLaws, pipeLaws, streamLaws, type WorldCall } from 'tidings/testing'

interface Item {
  readonly sku: number
  readonly title: string
}
const item = eventType('shop.item').of<Item>()
const wire = fc.record({ sku: fc.nat(), title: fc.string() })
const shop = defineStream({
  name: 'shop',
  summary: 'New items in a shop.',
  events: { item },
  jobs: ({ url }: { url: string }) => [
    job('items', every('10m'), async ({ fetch, signal }) => {
      const items = (await (await fetch(url, { signal })).json()) as Item[]
      return items.map((each) => item(String(each.sku), each))
    }),
  ],
})

const options = { url: 'https://shop.example/items' }
const arrival = { by: (sent: Item) => sent.sku, promised: true }
const serve = (sent: readonly Item[]) => async () => Response.json(sent)
export const ofStream: Record<string, () => Promise<void>> = streamLaws(shop, {
  options,
  wire,
  truth: ({ sku }) => String(sku),
  arrival,
  serve,
})
// @ts-expect-error what the service sends has no such field
streamLaws(shop, { options, wire, truth: ({ id }) => String(id), serve })

const events = arbEvent(item, { data: wire, identifier: fc.string({ minLength: 1 }) })
export const skus: fc.Arbitrary<number> = events.map(({ data }) => data.sku)
export const drafts: fc.Arbitrary<string> = arbDraft(item, { data: wire }).map(({ type }) => type)
// @ts-expect-error an item has a title
arbEvent(item, { data: fc.record({ sku: fc.nat() }) })

const tell = listener('tell', on(item).pipe(where('data.sku', gt(3))), async ({ data }, { fetch, key }) => {
  await fetch('https://chat.example/', { method: 'PUT', headers: { 'idempotency-key': key }, body: data.title })
})
export const ofPipe: Record<string, () => Promise<void>> = pipeLaws(() => tell, { events, numRuns: 10, seed: 3 })
const repeatable = ({ method, url }: WorldCall): boolean => method === 'POST' && url.startsWith('https://chat.example/')
export const ofHandler: Record<string, () => Promise<void>> = listenerLaws(tell, {
  events,
  world: () => ({ fetch: async () => new Response() }),
  repeatable,
})
// @ts-expect-error a world has no such part
listenerLaws(tell, { events, world: { fetsch: fetch } })
const home = agent('home', [shop(options), tell])
export const ofAgent: Record<string, () => Promise<void>> = agentLaws(home, { events, outside: ['a.*'], before: home })
// @ts-expect-error not an agent
agentLaws(tell, { events })
