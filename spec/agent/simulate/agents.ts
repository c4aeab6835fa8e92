import type { WorldToSimulate } from '../../../lib/agent/simulate/simulate.ts'
import { type Agent, agent, eventType, every, job, listener, on } from '../../../lib/index.ts'

/** An order of a shop. */
interface Order {
  readonly id: number
}

const paid = eventType('paid').of<Order>()

/** What makes an agent right, or wrong in one way. */
export interface ShopOptions {
  /** Whether the handler sends the delivery's key; default true. */
  readonly keyed?: boolean
  /** Where the job keeps the last order that it has seen; default in its state. */
  readonly remembers?: 'state' | 'state ahead of the events'
}

/** An agent that asks a shop for orders every ten minutes, and tells a bookkeeper about each. */
export function shop({ keyed = true, remembers = 'state' }: ShopOptions = {}): Agent {
  return agent('shop', [
    job('orders', every(10).minutes, async ({ fetch, state }) => {
      const since = await state.get('last', 0)
      const response = await fetch(`https://shop.example/orders?since=${since}`)
      if (!response.ok) throw new Error(`the shop answered ${response.status}`)
      const orders = (await response.json()) as Order[]
      state.set('last', Math.max(since, ...orders.map(({ id }) => id)))
      if (remembers === 'state ahead of the events') await state.save()
      return orders.map((order) => paid(String(order.id), order))
    }),
    listener('books', on(paid), async ({ data }, { fetch, key }) => {
      const headers = keyed ? { 'idempotency-key': key } : {}
      const answer = await fetch('https://books.example/', { method: 'POST', headers, body: String(data.id) })
      if (!answer.ok) throw new Error(`the bookkeeper answered ${answer.status}`)
    }),
  ])
}

/** A shop in which an order is paid every ten minutes. */
export const world: WorldToSimulate = ({ now }) => {
  const opened = now()
  return {
    fetch: async (url, init) => {
      if (init?.method === 'POST') return new Response('noted')
      const since = Number(new URL(new Request(url).url).searchParams.get('since'))
      const paidOrders = Math.floor((now() - opened) / 600_000)
      const ids = Array.from({ length: Math.max(0, paidOrders - since) }, (_, i) => since + 1 + i)
      return Response.json(ids.map((id) => ({ id })))
    },
  }
}
