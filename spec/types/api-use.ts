// Code of users compiles with the expected types; wrong code does not. Compiled by `npm run typecheck`, never run.
import { from, map, mergeMap, of, timeout } from 'rxjs'
import {
  type Accepted,
  agent,
  always,
  cron,
  type Duration,
  defineStream,
  distinctByIdentifier,
  drafts,
  eventType,
  every,
  job,
  type Log,
  listener,
  on,
  type Receipt,
  type StoredEvent,
  start,
  type World,
  where,
} from 'tidings'
import {
  all,
  any,
  changed,
  contains,
  countWithin,
  crossed,
  digest,
  eq,
  exists,
  firstPer,
  gt,
  not,
  oneOf,
  settled,
} from 'tidings/filters'
import * as v from 'valibot'

declare const log: Log

// ---- event types
const greeting = eventType('my_event_type').of<{ payload: string }>()
const pr = eventType('pr').of<{
  title: string
  stars: number
  repo: { full_name: string }
  labels: { name: string }[]
  draft?: boolean | null
}>()
const issue = eventType('issue', v.object({ title: v.string(), severity: v.optional(v.number(), 1) }))
const weather = eventType('weather').of<{ t: number }>({ changed: (data) => Math.round(data.t) })
// @ts-expect-error a Date does not survive JSON
eventType('bad').of<{ at: Date }>()
issue('1', { title: 'x' })
weather('w', { t: 1 })
// @ts-expect-error wrong data
greeting('1', { payload: 7 })

// ---- jobs
export const publishes = job('my_job', every(2).seconds, ({ publish }) => {
  publish(greeting, '123', { payload: 'hello world' })
})
export const returnsReceipt = job('a', every('10m'), ({ publish }) => publish(greeting, '1', { payload: '' }))
export const returnsDrafts = job('b', cron('* * * * *', { timezone: 'Europe/Berlin' }), async () => [
  greeting('1', { payload: '' }),
])
export const returnsObservable = job('c', every().monday.at('10:30'), ({ fetch, signal }) =>
  from(fetch('x', { signal })).pipe(
    mergeMap((response) => response.json() as Promise<{ id: number; title: string }[]>),
    mergeMap((issues) => issues),
    map((each) => issue(String(each.id), each)),
  ),
)
export const generates = job('d', every(3).hours, async function* () {
  yield greeting('1', { payload: '' })
})
export const remembers = job(
  'e',
  every().day,
  async ({ publish, state }) => {
    const n = await state.get<number>('n')
    if (n) return
    state.set('n', 1)
    await publish('free', 'x', { any: 1 })
  },
  { publishes: [greeting], first: { tell: 3 } },
)
const ms: Duration = 90_000
const wide: Duration = Math.random() < 2 ? '90s' : ms
export const durations = [job('ms', every(90_000), () => undefined), job('wide', every(wide), () => undefined)]
export const tails = job('tail', always(), async ({ publish, state, events, logger, exec }) => {
  const after: number = await state.get('after', 0)
  const before: number | undefined = await state.get<number>('before')
  for await (const event of events({ types: ['my_event_type'], after })) logger.info(`${event.seq} ${before}`)
  const { status, seq, event }: Receipt = await publish(greeting('1', { payload: '' }))
  logger.info({ status, seq, event }, 'published')
  state.set('after', seq)
  await state.save()
  await exec('git', ['log'])
})
// @ts-expect-error an event type is not a draft
job('i', every(2).seconds, ({ publish }) => publish(greeting))
// @ts-expect-error words come after fields
job('k', every(2).seconds, ({ logger }) => logger.info('words', { n: 1 }))
// @ts-expect-error not drafts
job('f', every(2).seconds, () => [1])
// @ts-expect-error wrong data
job('g', every(2).seconds, ({ publish }) => publish(greeting, '1', { payload: 7 }))
// @ts-expect-error a number is not an identifier
job('h', every(2).seconds, ({ publish }) => publish(greeting, 1, { payload: '' }))

// ---- schedules by the calendar
export const otherMondays = every(2).weeks.monday.at('9:00').from('2026-01-05')
export const paydays = every().month.on('last').at('9:00', 'Europe/Berlin').until('2027-01-01')
every(3).months.on(1).from(new Date(0))
every().month.on('fifth friday')
every(5).to(10).minutes.from('2026-01-05 18:30')
// @ts-expect-error months come on a day
job('i', every().month, () => undefined)
// @ts-expect-error the day comes first
every().month.at('9:00')
// @ts-expect-error no month has it
every().month.on(32)
// @ts-expect-error no month has it
every().month.on('sixth monday')
// @ts-expect-error a day of the week has no months
every().monday.on(1)
// @ts-expect-error one day of the week
export const twoDays = every(2).weeks.monday.tuesday
// @ts-expect-error a start is a date
every().day.from(5)

// ---- listeners
export const hears = listener('my_listener', on(greeting), (event) => {
  console.log(event.data.payload)
})
export const pipes = listener(
  'titles',
  on(pr).pipe(
    where((event) => event.data.stars > 3),
    where('data.repo.full_name', eq('x/y')),
    map((event) => event.data.title),
  ),
  (title, { attempt, event, key }) => title.toUpperCase() + attempt + event.data.stars + key,
)
export const narrows = listener('both', on(pr, issue), (event) => {
  switch (event.type) {
    case 'pr':
      return event.data.stars
    case 'issue':
      return event.data.severity
    default: {
      const never: never = event
      return never
    }
  }
})
export const hearsAnything = listener('free', on('free').pipe(where('data.stars', gt(3)), timeout(5000)), (event) => {
  const data: unknown = event.data
  return data
})
export const looksDeep = listener(
  'deep',
  on(pr).pipe(
    where('data.labels.0.name', oneOf('bug', 'crash')),
    where('data.stars', all(gt(3), not(gt(9)))),
    where('data.draft', exists),
    where('data.title', any(contains('a'), eq('b', { ignoreCase: true }))),
    where('seq', gt(5)),
  ),
  (event) => event.data.labels,
)

// ---- filters
type Big = StoredEvent<'pr', { stars: 5 }>
const isBig = (event: StoredEvent<'pr', { stars: number }>): event is Big => event.data.stars === 5
export const narrowed = listener('big', on(pr).pipe(where(isBig)), (event) => {
  const five: 5 = event.data.stars
  return five
})
of(1, 2).pipe(
  where((n) => n > 1),
  map((n) => n.toFixed()),
)
// @ts-expect-error wrong path
on(pr).pipe(where('data.nope', eq(1)))
// @ts-expect-error wrong operand
on(pr).pipe(where('data.stars', gt('a')))
// @ts-expect-error wrong operand
on(pr).pipe(where('data.title', eq(1)))
// @ts-expect-error an unfinished source is not a part
agent('x', [on(pr)])

// ---- filters with a memory
export const starred = listener(
  'starred',
  on(pr).pipe(
    changed('data.stars', { per: 'identifier' }),
    crossed('data.stars', 100, { direction: 'up', band: 5, per: (event) => event.identifier }),
    firstPer('data.title', { every: '1h' }),
    countWithin(3, '10m'),
    settled('data.draft', '5m'),
    changed((event) => event.data.stars > 3),
    digest({ at: every().day.at('18:00'), every: 60_000, size: 10, per: 'data.title' }),
  ),
  (prs, { events }) => prs.map(({ data }) => data.stars.toFixed()).concat(events.map(({ data }) => data.title)),
)
// @ts-expect-error wrong path
on(pr).pipe(changed('data.nope'))
// @ts-expect-error wrong path of per
on(pr).pipe(changed('data.stars', { per: 'data.nope' }))
// @ts-expect-error wrong direction
on(pr).pipe(crossed('data.stars', 3, { direction: 'left' }))
// @ts-expect-error a digest makes arrays
listener('d', on(pr).pipe(digest({ size: 2 })), (event) => event.data)

// ---- pipelines without an agent
drafts(publishes)
  .pipe(
    distinctByIdentifier(log),
    where((event) => event.type !== ''),
  )
  .subscribe(console.log)
of(greeting('1', { payload: 'x' }))
  .pipe(
    distinctByIdentifier(log),
    map((event) => event.data.payload + event.seq),
  )
  .subscribe()

// ---- running
declare const world: World
export async function runs(): Promise<void> {
  const own: Partial<World> = { now: () => 0, secret: (name) => name }
  await using running = await start(agent('y', [publishes]), { log, world })
  await running.publish(greeting('1', { payload: '' }))
  await running.publish(greeting, '1', { payload: '' })
  await running.publish('free', '1', { any: 1 })
  await running.drained()
  await start(agent('z', []), { world: own, logger: { ...console } })
  const [accepted]: readonly Accepted[] = await log.accept([greeting('1', { payload: '' })])
  const event: StoredEvent | undefined = accepted?.event
  if (event !== undefined) console.log(event.seq)
}

// ---- streams
const git = defineStream({
  name: 'git',
  summary: 'Commits.',
  events: {
    commit: eventType('git.commit').of<{ hash: string }>(),
    tag: eventType('git.tag').of<{ name: string }>(),
  },
  jobs: ({ path }: { path: string }, { commit }) => [
    job('commits', every('1m'), async ({ exec }) => {
      const { stdout } = await exec('git', ['-C', path, 'log'])
      return stdout.split('\n').map((hash) => commit(hash, { hash }))
    }),
  ],
})
listener('x', on(git.commit), (event) => event.data.hash)
// @ts-expect-error options missing
git()
const shop = defineStream({
  name: 'shop',
  summary: 's',
  events: { item: eventType('shop.item').of<{ sku: number }>() },
  jobs: (_, { item }) => [job('items', every('1m'), () => item('1', { sku: 1 }))],
})
export default agent('home', [publishes, [hears, pipes], git({ path: '.', as: 'engine' }), shop()])
