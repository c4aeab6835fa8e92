import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineStream, every, job } from '../../lib/index.ts'
import { streamLaws } from '../../lib/testing/index.ts'
import { type Connection, pushed, stored } from './pushed-service.ts'

type Run = Parameters<typeof pushed>[0]

const first = 'polls that overlap lose nothing and repeat nothing'
const failing = 'a poll that fails loses nothing'

function lawsOf(run: Run): Readonly<Record<string, () => Promise<void>>> {
  const { stream, service } = pushed(run)
  return streamLaws(stream, service)
}

function lawOf(run: Run, law: string): Promise<void> {
  return (lawsOf(run)[law] as () => Promise<void>)()
}

const careful: Run = (context, connection: Connection) =>
  connection.listen((sent) => stored(context, sent.id, sent), context.signal)

describe('a good stream whose service sends by itself', () => {
  for (const [law, run] of Object.entries(lawsOf(careful))) it(`obeys: ${law}`, run)
})

describe('a law about a stream whose service sends by itself', () => {
  const mistakes: readonly (readonly [string, string, RegExp, Run])[] = [
    [
      'what the log rejected is taken for known',
      failing,
      /was lost: no post\.message "\d"\n[^]*but publish \d is rejected (before|after) it is stored/,
      (context, connection) => {
        const known = new Set<string>()
        return connection.listen(async (sent) => {
          const key = `known ${sent.id}`
          if (known.has(sent.id) || (await context.state.get(key)) === true) return true
          known.add(sent.id)
          context.state.set(key, true)
          await context.state.save().catch(() => undefined)
          return stored(context, sent.id, sent)
        }, context.signal)
      },
    ],
    [
      'each delivery has a number',
      'an identifier does not depend on the hour, the order or the page',
      /post\.message "\d+-\d" occurs only with the items in this order/,
      (context, connection) => {
        let count = 0
        return connection.listen((sent) => stored(context, `${count++}-${sent.id}`, sent), context.signal)
      },
    ],
    [
      'the second message is dropped',
      first,
      /was lost: no post\.message/,
      (context, connection) => {
        let count = 0
        return connection.listen(async (sent) => count++ === 1 || stored(context, sent.id, sent), context.signal)
      },
    ],
  ]
  for (const [mistake, law, finding, run] of mistakes) {
    it(`finds that ${mistake}`, async () => {
      await assert.rejects(lawOf(run, law), finding)
    })
  }

  it('reports what push threw, and lets the run end', async () => {
    let ended = 0
    const { stream, service } = pushed((...given) => careful(...given).finally(() => void (ended += 1)))
    const push = async (): Promise<void> => {
      throw new Error('no route')
    }
    const laws = streamLaws(stream, { ...service, push, numRuns: 1 })
    await assert.rejects((laws[first] as () => Promise<void>)(), /no route/)
    assert.ok(ended > 0)
  })

  it('finds a run that ends by itself, while the service still sends', async () => {
    const { stream, service } = pushed(async () => undefined)
    let over = 0
    const push: typeof service.push = (_, { signal }) =>
      new Promise(() => signal.addEventListener('abort', () => (over += 1)))
    const laws = streamLaws(stream, { ...service, push, numRuns: 1 })
    const finding = /the run of job post\.connection failed: it ended before its service had sent everything/
    await assert.rejects((laws[first] as () => Promise<void>)(), finding)
    assert.ok(over > 0)
  })

  it('rejects push for a stream that polls', () => {
    const polling = defineStream({
      name: 'poll',
      summary: 'Polls.',
      events: {},
      jobs: () => [job('a', every('1m'), () => [])],
    })
    const { service } = pushed(careful)
    assert.throws(() => streamLaws(polling, service), {
      code: 'TIDINGS_STREAM_INVALID',
      message: 'push is for jobs that never end, and stream "poll" has none',
    })
  })
})
