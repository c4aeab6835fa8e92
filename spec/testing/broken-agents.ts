import * as v from 'valibot'
import { type Agent, agent, eventType, job, type Listener, listener, manual, on, type Part } from '../../lib/index.ts'

export const found = eventType('found').of<{ readonly size: number }>()
const sorted = eventType('sorted').of<{ readonly size: number }>()
const renamed = eventType(
  'renamed',
  { '~standard': { version: 1, vendor: 'any', validate: (value) => ({ value }) } },
  { changed: true },
)

const home = (...parts: Part[]): Agent => agent('home', parts)

/** A job that counts its finds. */
const finds = job('finds', manual(), async ({ state, slot }) => {
  state.set('count', { total: 1 + (await state.get('count', { total: 0 })).total })
  return found(slot.toISOString(), { size: 1 })
})

const sort = listener('sort', on(found), async ({ identifier, data }, { publish, state }) => {
  state.set('sizes', [...(await state.get<number[]>('sizes', [])), data.size])
  await publish(sorted, identifier, data)
})
const print = listener('print', on(sorted), () => undefined)

/** Nothing is wrong with it. */
export const good = home(finds, sort, print)

/** Each sorted thing is found again. */
export const circle = home(
  finds,
  sort,
  listener('again', on(sorted), ({ identifier, data }, { publish }) => publish(found, `${identifier}!`, data)),
)

/** Hears what it changes. */
export const touches = home(
  finds,
  listener('touch', on(renamed, found), async ({ seq }, { publish }) => void (await publish(renamed, 'it', { seq }))),
)

/** A name is misspelt. */
export const misspelt = home(
  finds,
  sort,
  listener('print', on('sortet'), () => undefined),
)

/** Nothing publishes what a pattern stands for. */
export const pattern = home(
  finds,
  listener('mail', on('mail.*', found), () => undefined),
)

/** The count was a number once. */
export const beforeCount = home(
  job('finds', manual(), async ({ state, slot }) => {
    state.set('count', 1 + (await state.get('count', 0)))
    return found(slot.toISOString(), { size: 1 })
  }),
  sort,
  print,
)
export const afterCount = home(
  job('finds', manual(), async ({ state, slot }) => {
    const { total } = await state.get<{ total: number[] }>('count', { total: [] })
    state.set('count', { total: [...total, slot.getTime()] })
    return found(slot.toISOString(), { size: 1 })
  }),
  sort,
  print,
)

/** The sizes have a name now, and so has the listener. */
export const afterSizes = home(
  finds,
  print,
  listener(
    'sorter',
    on(found),
    async ({ identifier, data }, { publish, state }) => {
      const sizes = await state.get<Record<string, number>>('sizes', {})
      if (Array.isArray(sizes)) throw new TypeError('sizes must have names')
      state.set('sizes', { ...sizes, [identifier]: data.size })
      await publish(sorted, identifier, data)
    },
    { formerly: 'sort' },
  ),
)

const hears = (part: Listener): Agent => home(finds, part)

/** Sizes have a unit now. */
export const unit = hears(
  listener('sort', on(eventType('found', v.object({ size: v.number(), unit: v.string() }))), () => undefined),
)

/** Sizes are text now. */
export const text = hears(listener('sort', on(eventType('found', v.object({ size: v.string() }))), () => undefined))
