// Laws take the arbitraries of another copy of fast-check. Compiled by `npm run typecheck`, never run.
import { defineStream, eventType, every, job } from 'tidings'
import { streamLaws } from 'tidings/testing'

// What fast-check 4 declares: to the compiler, a private member makes the class of each copy a type of its own.
declare class Random {
  private readonly rng: unknown
  nextInt(min: number, max: number): number
}
declare class Value<T> {
  readonly value: T
  readonly value_: T
  readonly context: unknown
  private readonly readOnce: boolean
}
declare class Values<T> implements IterableIterator<T> {
  private readonly g: unknown
  next(): IteratorResult<T>
  [Symbol.iterator](): IterableIterator<T>
}
declare abstract class Arbitrary<T> {
  abstract generate(random: Random, bias: number | undefined): Value<T>
  abstract canShrinkWithoutContext(value: unknown): value is T
  abstract shrink(value: T, context: unknown): Values<Value<T>>
  filter(predicate: (value: T) => boolean): Arbitrary<T>
  map<U>(mapper: (value: T) => U): Arbitrary<U>
  chain<U>(chainer: (value: T) => Arbitrary<U>): Arbitrary<U>
}

interface Item {
  readonly id: number
}
declare const wire: Arbitrary<Item>

const shop = defineStream({
  name: 'shop',
  summary: 'Items.',
  events: { item: eventType('shop.item').of<{ id: number }>() },
  jobs: ({ url }: { url: string }, { item }) => [
    job('items', every('10m'), async ({ fetch }) => {
      const items = (await (await fetch(url)).json()) as Item[]
      return items.map(({ id }) => item(String(id), { id }))
    }),
  ],
})
const serve = (sent: readonly Item[]) => async () => Response.json(sent)
const options = { url: 'https://shop.example/items' }
streamLaws(shop, { options, wire, serve, truth: (sent) => sent.id.toFixed() })
// @ts-expect-error what the service sends has no such field
streamLaws(shop, { options, wire, serve, truth: (sent) => sent.sku })
// @ts-expect-error not an arbitrary
streamLaws(shop, { options, wire: [1, 2], serve, truth: String })
