import { distinctUntilChanged, filter, from, map, mergeMap, of, scan } from 'rxjs'
import { changed, eq, firstPer, gt } from '../../lib/filters.ts'
import { eventType, type Listener, listener, type On, on, type StoredEvent, where } from '../../lib/index.ts'

/** An order, as a shop has it. */
export interface Order {
  readonly customer: string
  readonly cents: number
  readonly items: readonly string[]
}

export const order = eventType('order').of<Order>()

type Pipe = On<StoredEvent<'order', Order>, unknown>

const hears = (pipe: Pipe): Listener => listener('buyers', pipe, () => undefined)

/** Drops an order whose customer is that of the last one: it sees one order at a time, so it drops none. */
export const distinctCustomers = hears(
  on(order).pipe(distinctUntilChanged((a, b) => a.data.customer === b.data.customer)),
)

/** Adds up what was sold, from nothing for each order. */
export const sold = hears(
  on(order).pipe(
    changed('data.customer'),
    scan((sum, { data }) => sum + data.cents, 0),
  ),
)

/** Remembers customers in a variable, which a restart forgets. */
export const newCustomers = (): Listener => {
  const known = new Set<string>()
  return hears(on(order).pipe(where(({ data }) => !known.has(data.customer) && Boolean(known.add(data.customer)))))
}

/** Numbers the orders in a variable, which is not what it was when an order is tried again. */
let number = 0
export const numbered = hears(
  on(order).pipe(
    firstPer('data.customer', { every: '1h' }),
    map(({ data }) => `${(number += 1)}. ${data.customer}`),
  ),
)

/** Believes that an order has an item. */
export const firstItem = hears(on(order).pipe(map(({ data }) => (data.items[0] as string).trim())))

/** Believes that an order has a price from which a share can be taken, behind an operator that waits. */
export const share = hears(
  on(order).pipe(
    mergeMap((each) => from(Promise.resolve(each))),
    mergeMap(({ data }) => {
      if (data.cents === 0) throw new RangeError('a share of nothing')
      return of(100 / data.cents)
    }),
  ),
)

/** A price is never that high. */
export const tooHigh = hears(on(order).pipe(where('data.cents', gt(1_000_000))))

/** A name is never spelled like that; and all orders are positive. */
export const misspelt = hears(
  on(order).pipe(
    where('data.customer', eq('ann ')),
    filter(({ data }) => data.cents >= 0),
  ),
)

/** Each order changes its own identifier, so the filter drops none. */
export const alwaysChanged = hears(on(order).pipe(changed('identifier')))
