/** A module of a user that imports everything, and would not compile if anything were `any`. */
export const consumer = `
import { of } from 'rxjs'
import { agent, every, eventType, job, listener, memoryLog, on, start, where } from 'tidings'
import { all, gt, startsWith } from 'tidings/filters'
import { git } from 'tidings/streams/git'
import { streamLaws, virtualClock } from 'tidings/testing'

const counted = eventType('counted').of<{ n: number }>()
const counting = job('counting', every(2).seconds, () => of(counted('1', { n: 1 })))
// @ts-expect-error: n is a number
counted('1', { n: 'one' })
// @ts-expect-error: there is no m
on(counted).pipe(where('data.m', gt(1)))
const large = listener('large', on(counted).pipe(where('data.n', gt(1))), ({ data }) => data.n.toFixed())
const fixes = listener('fixes', on(git.commit).pipe(where('data.subject', all(startsWith('fix')))), ({ data }) => {
  const parents: readonly string[] = data.parents
  // @ts-expect-error: a hash is a string
  const hash: number = data.hash
  return [parents, hash]
})
const running = await start(agent('consumer', [counting, large, fixes, git({ path: '.' })]), {
  log: await memoryLog(),
  clock: virtualClock(),
})
await running.stop()
export const laws: typeof streamLaws = streamLaws
`

/** An agent with every part that is recognised by its kind: streams, observables, filters, thrown instructions. */
export const parts = `
import { of, tap } from 'rxjs'
import { agent, defineStream, eventType, every, job, listener, on, Park, where } from 'tidings'
import { gt } from 'tidings/filters'

const counter = defineStream({
  name: 'counter',
  summary: 'counts',
  events: { counted: eventType('counted').of<{ n: number }>() },
  jobs: (_options, { counted }) => [
    job('counting', every(2).seconds, () => of(...[1, 2, 3].map((n) => counted(String(n), { n })))),
  ],
})
const large = on(counter.counted).pipe(where('data.n', gt(1)))

export default agent('parts', [
  counter({}),
  listener('hearing', large, ({ data }) => of(data.n).pipe(tap((n) => console.log('heard', n)))),
  listener('refusing', large.pipe(where('data.n', gt(2))), () => {
    throw new Park('no')
  }),
])
`

/** Checks the laws of a stream, with the fast-check of the user. */
export const laws = `
import fc from 'fast-check'
import { defineStream, eventType, every, job } from 'tidings'
import { streamLaws } from 'tidings/testing'

const shop = defineStream({
  name: 'shop',
  summary: 'New items in a shop.',
  events: { item: eventType('shop.item').of() },
  jobs: ({ url }, { item }) => [
    job('items', every('10m'), async ({ fetch }) => {
      const items = await (await fetch(url)).json()
      return items.map((each) => item(String(each.id), each))
    }),
  ],
})
const laws = streamLaws(shop, {
  options: { url: 'https://shop.example/items' },
  wire: fc.record({ id: fc.nat(), title: fc.string() }),
  truth: (sent) => String(sent.id),
  serve: (sent) => async () => Response.json(sent),
  numRuns: 5,
})
for (const law of Object.values(laws)) await law()
console.log('all', Object.keys(laws).length, 'laws hold')
`
