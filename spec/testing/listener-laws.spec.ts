import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { mergeMap } from 'rxjs'
import { digest, firstPer } from '../../lib/filters.ts'
import { type Listener, listener, on, Park, Retry, type World } from '../../lib/index.ts'
import { arbEvent, type ListenerLawOptions, listenerLaws } from '../../lib/testing/index.ts'
import * as broken from './broken-handlers.ts'
import { paid } from './broken-handlers.ts'
import { messageOf, onlyFails } from './only-law.ts'

const events = arbEvent(paid, { data: fc.record({ cents: fc.nat(1000) }) })
type Options = ListenerLawOptions<ReturnType<typeof events.generate>['value']>

/** The books: they have rows, and a printer. */
const world = (): Partial<World> => {
  const rows = new Set<string>()
  return {
    fetch: async (input, init) => {
      const { method, url } = new Request(input, init)
      const { pathname } = new URL(url)
      if (method === 'POST') rows.add(pathname)
      return new Response(null, { status: method !== 'GET' || rows.has(pathname) ? 200 : 404 })
    },
    exec: async () => ({ stdout: '', stderr: '' }),
  }
}
const options: Options = { events, world, numRuns: 25 }

type Subject = Listener | (() => Listener)
type Mistake = readonly [mistake: string, subject: Subject, ...finding: RegExp[]]

const twice = 'an event that is handled twice counts once'
const failing = 'a call that fails is made again, or the event is parked'
const heeding = 'it comes back when the service says so, and gives up when it is refused'
const discreet = 'no secret is in its errors'

/** For each law, the mistakes that only it finds: the finding, and the lines of its report. */
const mistakes: Readonly<Record<string, readonly Mistake[]>> = {
  [twice]: [
    [
      'a request has no key',
      broken.keyless,
      /does not count once: POST https:\/\/books\.example\/rows \{"cents":0\}, without a key, 2 times\n {2}event 1, [^\n]*\n {2}handled once/,
      /handled twice, the world saw\n {4}POST \S+ \{"cents":0\}, without a key\n {4}POST \S+ \{"cents":0\}, without a key\n/,
    ],
    ['a key is the time', broken.keyByTime, /POST https:\/\/books\.example\/rows, with the key \d+\n/],
    ['an identifier is the time', broken.publishesByTime, /does not count once: published booked "20\S+Z"\n/],
    ['a program is started again', broken.program, /does not count once: RUN print 0 cents, without a key, 2 times\n/],
  ],
  [failing]: [
    [
      'an answer is not looked at',
      broken.statusIgnored,
      /this never happens: POST https:\/\/books\.example\/rows, with the key key 1\n/,
      /the failure: POST https:\/\/books\.example\/rows is answered (503|400)\n/,
    ],
    [
      'a failure is swallowed',
      broken.swallowed,
      /this never happens: POST .*\n(.*\n)+ {2}the failure: POST \S+ fails\n/,
    ],
  ],
  [heeding]: [
    [
      'every failure is tried again soon',
      broken.stubborn,
      /asks to wait for 120 s, and the next attempt comes after 0\.\d+ s: throw new Retry/,
    ],
    [
      'every failure is parked',
      broken.faint,
      /asks to come back later, and the event is parked\n {2}event 1, .*\n {2}POST \S+ is answered (429|503), Retry-After: 120\n/,
    ],
  ],
  [discreet]: [
    [
      'a token is in the URL',
      broken.tokenInUrl,
      /a secret is in the error of the handler\n.*\n.*\n {2}Error: https:\S+token=/,
    ],
    [
      'the headers are in the cause',
      broken.headersInCause,
      /a secret is in the error of the handler\n.*\n {2}POST \S+ is answered 401\n/,
    ],
  ],
}

for (const [law, found] of Object.entries(mistakes)) {
  describe(`only the law "${law}" finds that`, () => {
    for (const [mistake, subject, ...words] of found) {
      it(mistake, async () => {
        await onlyFails(law, listenerLaws(subject, options), words)
      })
    }
  })
}

it('every law has at least two mistakes that only it finds', () => {
  assert.deepEqual(Object.keys(mistakes), Object.keys(listenerLaws(broken.good, options)))
  for (const [law, found] of Object.entries(mistakes)) assert(found.length >= 2, law)
})

describe('listenerLaws', () => {
  const good: Readonly<Record<string, Subject>> = {
    'sends a key': broken.good,
    'looks before it adds': broken.looks,
    'sends a Request, with the key in its body': listener('request', on(paid), async ({ data }, { fetch, key }) => {
      const body = JSON.stringify({ key, ...data })
      const { ok, status } = await fetch(new Request('https://books.example/rows', { method: 'POST', body }))
      if (status === 429 || status >= 500) throw new Retry({ after: '5m' })
      if (!ok) throw new Park(`the books answer ${status}`)
    }),
    'collects, with filters that remember': listener(
      'evening',
      on(paid).pipe(firstPer('identifier', { every: '1h' }), digest({ every: '1d' })),
      async (all, { fetch, key }) => {
        await fetch('https://books.example/days', { method: 'PUT', body: JSON.stringify([all.length, key]) }).then(
          (answer) => {
            if (!answer.ok) throw new Error(`the books answer ${answer.status}`)
          },
        )
      },
    ),
  }
  for (const [what, subject] of Object.entries(good)) {
    describe(`of a handler that ${what}`, () => {
      for (const [name, law] of Object.entries(listenerLaws(subject, { ...options, numRuns: 20 }))) {
        // It throws an ordinary error whatever happens.
        if (what.startsWith('collects') && name === heeding) continue
        it(name, law)
      }
    })
  }

  it('sees what else a handler changes', async () => {
    const observe = () => new Set(broken.growing).size < broken.growing.length
    const law = listenerLaws(broken.file, { ...options, world: () => (broken.growing.splice(0), {}), observe })[twice]
    assert.match(
      (await messageOf(law)) ?? '',
      /what it changes differs\n(.*\n)+ {4}observed false\n(.*\n)+ {4}observed true\n/,
    )
  })

  it('knows the key of each of many values', async () => {
    const pipe = on(paid).pipe(mergeMap(({ data }) => Array.from({ length: 20 }, (_, n) => data.cents + n)))
    const subject = listener('many', pipe, async (cents, { fetch, key }) => {
      await fetch('https://books.example/rows', { method: 'POST', body: JSON.stringify({ key, cents }) })
    })
    await listenerLaws(subject, { ...options, numRuns: 5 })[twice]?.()
  })

  it('knows an equal form again', async () => {
    const subject = listener('form', on(paid), async ({ identifier, data }, { fetch }) => {
      const body = new FormData()
      body.set('cents', String(data.cents))
      await fetch(`https://books.example/rows/${encodeURIComponent(identifier)}`, { method: 'PUT', body })
    })
    await listenerLaws(subject, options)[twice]?.()
  })

  it('takes the word of the service for what may be repeated', async () => {
    const repeatable = ({ method, url }: { method: string; url: string }) => method === 'POST' && url.endsWith('/rows')
    await listenerLaws(broken.keyless, { ...options, repeatable })[twice]?.()
  })

  it('finds a variable that says too early that all is done', async () => {
    assert.match((await messageOf(listenerLaws(broken.beforehand, options)[twice])) ?? '', /does not count once/)
  })

  it('is not satisfied with deliveries that all fail', async () => {
    const message = await messageOf(listenerLaws(broken.keyless, { ...options, world: {} })[twice])
    assert.match(
      message ?? '',
      /was not tested, since each delivery fails: world gave no fetch, and the handler asked for https:/,
    )
  })

  it('ends a handler that hangs, and does not shrink that case', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const hangs = listener('hangs', on(paid), () => new Promise(() => undefined))
    const rejected = assert.rejects(
      listenerLaws(hangs, options)[twice] as () => Promise<void>,
      /did not end within 30000 ms/,
    )
    const tick = setInterval(() => t.mock.timers.tick(30_000), 1)
    await rejected
    clearInterval(tick)
  })

  it('rejects a world with unknown parts', () => {
    assert.throws(() => listenerLaws(broken.good, { ...options, world: { fetsch: 1 } as never }), {
      code: 'TIDINGS_LISTENER_INVALID',
    })
    assert.throws(() => listenerLaws(broken.good, { ...options, world: (async () => world()) as never }), {
      code: 'TIDINGS_LISTENER_INVALID',
      message: 'the world of listenerLaws() must be an object, got a promise of one',
    })
  })
})
