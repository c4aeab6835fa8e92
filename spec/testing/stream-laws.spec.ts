import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { always, type Draft, defineStream, eventType, every, job, type Stream } from '../../lib/index.ts'
import { type StreamLawOptions, streamLaws } from '../../lib/testing/index.ts'
import { truncated } from './broken-streams/confusing.ts'
import { all, feedService, feedStream, feedUrl, type Item, item, page, since } from './feed-service.ts'

type Law = () => Promise<void>

const first = 'polls that overlap lose nothing and repeat nothing'

/** One law about a stream without options; by default the first. */
function lawOf(stream: () => Stream, more: Partial<StreamLawOptions<unknown, Item>> = {}, law = first): Law {
  return streamLaws(stream, { ...feedService, ...more })[law] as Law
}

const paged = feedStream(async (context) => (await all(context)).map((each) => item(each.id, each)))

const fewer = { ...feedService, numRuns: 12 }

const goodStreams: Readonly<Record<string, Readonly<Record<string, Law>>>> = {
  'reads page after page': streamLaws(paged, { ...feedService, numRuns: 25 }),

  'asks only for what changed': streamLaws(
    feedStream(async (context) => {
      const found = await page(context, feedUrl, since(await context.state.get<string>('etag')))
      if (found === undefined) return []
      const rest = found.next === undefined ? [] : await all(context, found.next)
      context.state.set('etag', found.etag)
      return [...found.items, ...rest].map((each) => item(each.id, each))
    }),
    fewer,
  ),

  'passes over what is no news': streamLaws(
    feedStream(async (context) =>
      (await all(context)).filter(({ price }) => price !== 'free').map((each) => item(each.id, each)),
    ),
    { ...fewer, truth: ({ id, price }) => (price === 'free' ? undefined : id) },
  ),

  'tells several events of an item, some of them versioned, from two jobs': (() => {
    const price = eventType('feed.price').of<{ price: string }>({ changed: true })
    const word = eventType('feed.word').of<{ id: string }>()
    const shop = defineStream({
      name: 'shop',
      summary: 'Items and their prices.',
      events: { item, price, word },
      jobs: ({ url }: { url: string }) => [
        job('items', every('1h'), async (context) => {
          const items = await all(context, url)
          return items.flatMap((each): Draft[] => [item(each.id, each), price(each.id, { price: each.price })])
        }),
        job('words', every('1d'), async function* (context) {
          for (const { id, title } of await all(context, url)) {
            for (const each of title.split(' ').filter(Boolean)) yield word(`${id} ${each}`, { id })
          }
        }),
      ],
    })
    return streamLaws(shop, { ...fewer, options: { url: feedUrl, as: 'my' } })
  })(),

  'starts a program, which has a time of its own': (() => {
    const line = eventType('journal.line').of<{ text: string; seen: number }>()
    const journal = defineStream({
      name: 'journal',
      summary: 'Lines of a journal that were written today.',
      events: { line },
      jobs: () => [
        job('lines', every('1m'), async ({ exec, now }) => {
          const { stdout } = await exec('journal', [new Date().toISOString().slice(0, 10)])
          return stdout
            .split('\n')
            .filter(Boolean)
            .map((text) => line(text, { text, seen: now() }))
        }),
      ],
    })
    return streamLaws(journal, {
      options: {},
      numRuns: 25,
      wire: fc.stringMatching(/^\w{1,20}$/),
      truth: (sent) => sent,
      serve: (sent) => ({
        now: () => Date.UTC(2020, 1, 29),
        exec: async (_, [day]) => ({ stdout: day === '2020-02-29' ? sent.join('\n') : '', stderr: '' }),
      }),
    })
  })(),
}

for (const [does, laws] of Object.entries(goodStreams)) {
  describe(`a good stream that ${does}`, () => {
    for (const [law, run] of Object.entries(laws)) it(`obeys: ${law}`, run)
  })
}

describe('a law', () => {
  it('finds the same counterexample each time, and again with the reported seed and path', async () => {
    const cut = 'distinct happenings never share an identifier'
    const messageOf = async (more: object): Promise<string> => {
      try {
        await lawOf(truncated, more, cut)()
      } catch (error) {
        return (error as Error).message
      }
      return assert.fail('the law holds')
    }
    const message = await messageOf({})
    assert.equal(await messageOf({}), message)
    const [, seed, path] = /to see it again: \{ seed: (\d+), path: '(\d+)' \}$/.exec(message) ?? []
    const again = await messageOf({ seed: Number(seed), path })
    assert.equal(again.replace('run 1 of', `run ${Number(path) + 1} of`), message)
    assert.notEqual(await messageOf({ seed: 2 }), message)
  })

  it('tries `numRuns` cases', async () => {
    let runs = 0
    const counted = feedStream(async (context) => {
      runs += 1
      return (await all(context)).map((each) => item(each.id, each))
    })
    await lawOf(counted, { numRuns: 1 })()
    const one = runs
    await lawOf(counted, { numRuns: 30 })()
    assert(runs > 10 * one, `${one} runs for one case, ${runs - one} for thirty`)
  })

  it('fails for a stream that never publishes', async () => {
    const silent = feedStream(async () => [])
    await assert.rejects(lawOf(silent, { truth: () => undefined }), {
      message: `stream feed published nothing, so the law "${first}" was not tested: see wire and serve`,
    })
  })

  it('finds an event for an item that must not produce one', async () => {
    await assert.rejects(lawOf(paged, { truth: () => undefined }), /"id":"0{16}".* is not a happening, but was told/)
  })

  it('finds a run that fails on an empty service', async () => {
    const greedy = feedStream(async (context) => {
      const items = await all(context)
      if (items.length === 0) throw new Error('no items')
      return items.map((each) => item(each.id, each))
    })
    await assert.rejects(lawOf(greedy), /the run of job feed\.items failed: no items\n.*\n +sent nothing\n/)
  })

  it('reaches only what serve provides', async () => {
    const needsBoth = feedStream(async ({ fetch, exec }) => {
      await fetch(new Request('https://real.example/'))
      await exec('rm', [])
      return []
    })
    await assert.rejects(
      lawOf(needsBoth, { serve: () => ({}) }),
      /gave no fetch, .* asked for https:\/\/real\.example\/\n/,
    )
    await assert.rejects(lawOf(needsBoth, { serve: () => async () => new Response() }), /gave no exec, .* started rm\n/)
    await assert.rejects(lawOf(needsBoth, { serve: () => 7 as never }), /serve must return a fetch, or .*, got 7\n/)
  })

  it('reports what truth or serve threw, and the input', async () => {
    const truth = (): never => {
      throw new Error('no truth')
    }
    await assert.rejects(
      lawOf(paged, { truth }),
      /^Error: stream feed breaks a law, .*\n {2}no truth\n {2}\[.*"id":"0{16}"/,
    )
  })

  it('lets programs fail too', async () => {
    const once = feedStream(async ({ exec, state }) => {
      if (await state.get('read')) return []
      state.set('read', true)
      const { stdout } = await exec('list', []).catch(() => ({ stdout: '[]' }))
      return (JSON.parse(stdout) as Item[]).map((each) => item(each.id, each))
    })
    const serve: StreamLawOptions<unknown, Item>['serve'] = (sent) => ({
      exec: async () => ({ stdout: JSON.stringify(sent), stderr: '' }),
    })
    const finding = /was lost: no feed\.item "\w+"\n.*, but request 1 (rejects|answers 503)\n/
    await assert.rejects(lawOf(once, { serve }, 'a poll that fails loses nothing'), finding)
  })

  it('provides any secret', async () => {
    const secretive = feedStream(async (context) => {
      assert.match(context.secret('TOKEN'), /./)
      return (await all(context)).map((each) => item(each.id, each))
    })
    await lawOf(secretive, { numRuns: 5 })()
  })

  it('ends a run that hangs, and does not shrink that case', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let runs = 0
    const hanging = feedStream(async () => {
      runs += 1
      return new Promise(() => undefined)
    })
    const rejected = assert.rejects(lawOf(hanging), /the run of job feed\.items did not end within 30000 ms/)
    const tick = setInterval(() => t.mock.timers.tick(30_000), 1)
    await rejected
    clearInterval(tick)
    assert.equal(runs, 1)
  })

  it('leaves the time of other code alone', async () => {
    const real = Date
    const before = Date.now()
    let seen = 0
    const looks = feedStream(async (context) => {
      seen = Date.now()
      assert.equal(new Date().getTime(), seen)
      assert.equal(new Date(String(Date())).getTime(), Math.floor(seen / 1000) * 1000)
      assert(new Date() instanceof Date && new Date() instanceof real)
      assert.equal(new Date(5).getTime(), 5)
      return (await all(context)).map((each) => item(each.id, each))
    })
    const law = lawOf(looks, { numRuns: 20 })()
    const others: number[] = []
    while (others.length < 50) {
      others.push(Date.now(), new Date().getTime())
      await new Promise((resolve) => setImmediate(resolve))
    }
    await law
    assert(others.every((time) => time >= before && time <= before + 60_000))
    assert(seen < Date.UTC(2026, 0, 3), 'the stream looked at the real clock')
    assert.equal(Date, real)
  })

  it('rejects options that do not fit, and jobs that never end', () => {
    const push = defineStream({
      name: 'push',
      summary: 'What comes by itself.',
      events: { item },
      jobs: ({ ends }: { ends: boolean }) => [job('items', ends ? every('1m') : always(), () => [])],
    })
    assert.throws(() => streamLaws(push, { ...feedService, options: { ends: false } }), {
      code: 'TIDINGS_STREAM_INVALID',
      message: 'job "push.items" never ends, and the laws of a stream are about jobs that poll',
    })
    // @ts-expect-error options that the stream does not have
    streamLaws(push, { ...feedService, options: { ends: 'yes' } })
    // @ts-expect-error serve is given items, as wire makes them
    streamLaws(push, { ...feedService, options: { ends: true }, serve: (sent: readonly number[]) => () => sent })
  })
})
