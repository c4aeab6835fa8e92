import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Log, TidingsError } from '../../../lib/index.ts'
import { anyCharacter } from '../../../lib/testing/any-character.ts'
import { streamLaws } from '../../../lib/testing/index.ts'
import { hook, type Received } from '../../../streams/hook.ts'
import { wrap } from '../../support/agent-harness.ts'
import { secretsOf } from '../../support/watch-stream.ts'
import { github, keys, openHook, post, type Sent, standard, stripe } from '../hook-service.ts'

/** How each provider signs a body at a time in seconds. */
const senders: Readonly<Record<'github' | 'stripe' | 'standard', (id: string, body: object, seconds: number) => Sent>> =
  {
    github: (id, body) => github(body, id),
    stripe: (id, body, seconds) => stripe({ ...body, id }, seconds),
    standard: (id, body, seconds) => standard(body, seconds, id),
  }

/** One attempt to send a happening, at so many seconds after the last one. */
const attempt = fc.record({
  happening: fc.nat(4),
  later: fc.integer({ min: -3600, max: 86_400 * 400 }),
  fails: fc.constantFrom<'never' | 'before' | 'after'>('never', 'never', 'before', 'after'),
})

const bodies = fc.array(
  fc.dictionary(
    fc.string({ unit: anyCharacter, maxLength: 8 }),
    fc.jsonValue({ maxDepth: 3, stringUnit: anyCharacter }),
  ),
  { minLength: 5, maxLength: 5 },
)

/** One webhook on the wire. */
const wire = fc.record({
  id: fc.nat(9).map(String),
  body: fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2, stringUnit: anyCharacter }), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
  forged: fc.constantFrom(false, false, true),
})

/** The addresses at which endpoints open, one after another. */
function doorOf(): { opens(url: string): void; next(): Promise<string> } {
  let opens = (_: string): void => undefined
  const another = (): Promise<string> => new Promise((resolve) => (opens = resolve))
  let opened = another()
  return {
    opens: (url) => opens(url),
    next: async () => {
      const url = await opened
      opened = another()
      return url
    },
  }
}

for (const [from, send] of Object.entries(senders) as [keyof typeof senders, (typeof senders)['github']][]) {
  const door = doorOf()
  const laws = streamLaws(hook, {
    options: { port: 0, from, secret: from.toUpperCase(), listening: (url) => door.opens(url) },
    wire,
    truth: ({ id, forged }) => (forged ? undefined : id),
    serve: () => ({ secret: secretsOf(keys) }),
    push: async (sent, { now }) => {
      const url = await door.next()
      for (const { id, body, forged } of sent) {
        const { headers, body: signed } = send(id, body, Math.floor(now / 1000))
        const { status } = await post(url, {
          headers,
          body: forged ? Buffer.concat([signed, Buffer.from(' ')]) : signed,
        })
        assert.ok(forged ? status === 401 : status === 200 || status === 503, `${status}`)
      }
    },
    numRuns: 5,
  })
  describe(`the laws of the hook stream, from ${from}`, () => {
    for (const [name, law] of Object.entries(laws)) it(name, law)
  })
}

describe('a hook while clocks step and the log fails', () => {
  for (const [from, send] of Object.entries(senders) as [keyof typeof senders, (typeof senders)['github']][]) {
    it(`whatever ${from} repeats, and whatever fails, tells each happening once`, { timeout: 60_000 }, async (t) => {
      const clock = { now: Date.UTC(2026, 0, 1) }
      let fails: 'never' | 'before' | 'after' = 'never'
      const broken = () => new TidingsError('TIDINGS_LOG_FAILED', 'the disk is full')
      const flaky = (log: Log): Log =>
        wrap(log, {
          accept: async (...given) => {
            if (fails === 'before') throw broken()
            const receipts = await log.accept(...given)
            if (fails === 'after') throw broken()
            return receipts
          },
        })
      const options = { from, secret: from.toUpperCase() }
      const { url, events } = await openHook(t, options, { now: () => clock.now, wrap: flaky })
      let run = 0
      await fc.assert(
        fc.asyncProperty(bodies, fc.array(attempt, { maxLength: 12 }), async (each, attempts) => {
          const prefix = `${run++}-`
          const id = (happening: number): string => `${prefix}${happening}`
          const answered = new Set<string>()
          for (const { happening, later, fails: how } of attempts) {
            clock.now += later * 1000
            fails = how
            const sent = send(id(happening), each[happening] ?? {}, Math.floor(clock.now / 1000))
            const { status } = await post(url, sent)
            fails = 'never'
            assert.ok(status === 200 || (status === 503 && how !== 'never'), `${status} although it fails ${how}`)
            if (status === 200) answered.add(id(happening))
          }
          const stored = (await events()).filter(({ identifier }) => identifier.startsWith(prefix))
          const ids = stored.map(({ identifier }) => identifier)
          assert.equal(new Set(ids).size, ids.length, 'told again')
          for (const one of answered) assert.ok(ids.includes(one), `${one} was answered 200, and is lost`)
          for (const { identifier, data } of stored) {
            const body = each[Number(identifier.split('-')[1])]
            const expected = from === 'stripe' ? { ...body, id: identifier } : body
            assert.deepEqual(JSON.stringify((data as Received).body), JSON.stringify(expected))
          }
        }),
        { numRuns: 25 },
      )
    })
  }
})
