import {
  type Delivery,
  eventType,
  type Listener,
  listener,
  on,
  Park,
  Retry,
  type StoredEvent,
} from '../../lib/index.ts'

export const paid = eventType('paid').of<{ readonly cents: number }>()

const booked = eventType('booked').of<null>()

type Paid = StoredEvent<'paid', { readonly cents: number }>
type Handle = (event: Paid, delivery: Delivery<Paid>) => unknown

const books = (handle: Handle): Listener => listener('book', on(paid), handle)

const url = 'https://books.example/rows'

/** What to do about an answer of the books, as their documentation has it. */
function check({ ok, status, headers }: Response): void {
  if (ok) return
  const wait = headers.get('retry-after')
  if (wait !== null) throw new Retry({ after: Number(wait) * 1000 })
  if (status >= 500) throw new Error(`the books answer ${status}`)
  throw new Park(`the books answer ${status}`)
}

const row = ({ data }: Paid, key?: string): RequestInit => ({
  method: 'POST',
  headers: key === undefined ? {} : { 'idempotency-key': key },
  body: JSON.stringify(data),
})

/** Right: the service knows a repeated request by its key, and decides what comes next. */
export const good = books(async (event, { fetch, key, secret, signal, publish }) => {
  const headers = { 'idempotency-key': key, authorization: `Bearer ${secret('BOOKS')}` }
  check(await fetch(url, { ...row(event), headers, signal }))
  await publish(booked, event.identifier, null)
})

/** Right: looks before it adds. */
export const looks = books(async (event, { fetch }) => {
  const found = await fetch(`${url}/${encodeURIComponent(event.identifier)}`)
  if (found.ok) return
  if (found.status !== 404) check(found)
  check(await fetch(`${url}/${encodeURIComponent(event.identifier)}`, { ...row(event), method: 'POST' }))
})

/** No key tells the service that it has this row. */
export const keyless = books(async (event, { fetch }) => check(await fetch(url, row(event))))

/** Another key at every attempt. */
export const keyByTime = books(async (event, { fetch, now }) => check(await fetch(url, row(event, `${now()}`))))

/** Another event at every attempt. */
export const publishesByTime = books(async (_, { publish }) => {
  await publish(booked, new Date().toISOString(), null)
})

/** Starts a program that is not asked twice. */
export const program = books(async ({ data }, { exec }) => void (await exec('print', [`${data.cents} cents`])))

/** Adds to a file that only grows. */
export const growing: string[] = []
export const file = books(({ identifier }) => void growing.push(identifier))

/** Does not look at the answer. */
export const statusIgnored = books(async (event, { fetch, key }) => void (await fetch(url, row(event, key))))

/** Takes every failure for something that will not matter. */
export const swallowed = books(async (event, { fetch, key }) => {
  await fetch(url, row(event, key)).then(check, () => undefined)
})

/** Remembers in a variable that it was there, before it was. */
export const beforehand = (): Listener => {
  const done = doneOnce
  return books(async (event, { fetch, key }) => {
    if (done.has(event)) return
    done.add(event)
    check(await fetch(url, row(event, key)))
  })
}
const doneOnce = new WeakSet<object>()

/** Tries again whatever the service said, and when it likes to. */
export const stubborn = books(async (event, { fetch, key }) => {
  const { ok, status } = await fetch(url, row(event, key))
  if (!ok) throw new Error(`the books answer ${status}`)
})

/** Gives up whatever the service said. */
export const faint = books(async (event, { fetch, key }) => {
  const { ok, status } = await fetch(url, row(event, key))
  if (!ok) throw new Park(`the books answer ${status}`)
})

/** The URL has the token in it, and so has the error. */
export const tokenInUrl = books(async (event, { fetch, key, secret }) => {
  const address = `${url}?token=${encodeURIComponent(secret('BOOKS'))}`
  const answer = await fetch(address, row(event, key)).catch(() => undefined)
  if (answer === undefined || answer.status >= 500) {
    if (answer?.headers.has('retry-after') !== true) throw new Error(`${address} failed`)
  }
  check(answer)
})

/** The error has the headers of the request for a cause. */
export const headersInCause = books(async (event, { fetch, key, secret }) => {
  const headers = { 'idempotency-key': key, authorization: `Basic ${btoa(`me:${secret('BOOKS')}`)}` }
  const answer = await fetch(url, { ...row(event), headers })
  if (answer.status === 401) throw new Park('the books do not let me in', { cause: { headers } })
  check(answer)
})
