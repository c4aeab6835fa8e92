import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isRetry } from '../../lib/core/control.ts'
import { streamLaws } from '../../lib/testing/index.ts'
import { type Prediction, type TransitOptions, transit } from '../../streams/transit.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { localService, type Told } from '../support/local-service.ts'
import { draftsOf, secretsOf, watchStream } from '../support/watch-stream.ts'
import { type Departure, example, MINUTE, NOW, predictions } from './transit-service.ts'

const stop = 'place-sstat'

/** Leaves this many minutes from now. */
function leaving(minutes: number, parts: Partial<Departure> = {}): Departure {
  return { trip: `7000${minutes}`, scheduled: NOW + minutes * MINUTE, ...parts }
}

httpSourceSuite({
  name: 'transit',
  stream: (url) => transit({ stop, baseUrl: url }),
  serve: (items) => () => ({ body: predictions(items.map((minutes) => leaving(minutes))) }),
  renumbering: {
    serve: (items) => () => ({
      body: predictions(items.map((minutes) => ({ ...leaving(minutes), id: `p${minutes}` }))),
    }),
    outcome: 'known',
    because: 'a departure is known by its trip and its day, not by the id of its prediction',
  },
  pages: 'one answer has all departures of a stop',
  world: { now: () => NOW },
  conditional: true,
})

describe('the transit stream', () => {
  // Between ten in the evening and five in the morning of Boston, where the service day ends at three: 8:00 in UTC.
  const first = Date.UTC(2026, 0, 2, 3)
  const laws = streamLaws(transit, {
    options: { stop, within: '24h' },
    wire: fc.record({
      trip: fc.constantFrom('70001', '70002', 'CR-523'),
      minute: fc.integer({ min: 0, max: 420 }),
      delay: fc.integer({ min: -3, max: 90 }),
      status: fc.constantFrom(null, 'Boarding', 'Delayed', '2 stops away'),
      relationship: fc.constantFrom(null, 'CANCELLED', 'SKIPPED', 'NO_DATA'),
      id: fc.string(),
    }),
    truth: ({ trip, minute }) => `${trip} ${minute < 300 ? 'Thursday' : 'Friday'}`,
    serve: (sent) => async () =>
      Response.json(
        predictions(
          // Each schedule has its own id, as each trip and day has.
          sent.map(({ minute, delay, relationship, ...rest }) => {
            const scheduled = first + minute * MINUTE
            const departure = relationship === null ? scheduled + delay * MINUTE : null
            return { ...rest, relationship, scheduled, departure }
          }),
        ),
      ),
    numRuns: 9,
  })
  for (const [name, law] of Object.entries(laws)) it(name, law)

  it('publishes a departure with its names', async (t) => {
    const [draft] = await example(t)
    const expected: Prediction = {
      stop,
      stopName: 'South Station',
      platform: '2',
      route: 'Red',
      routeName: 'Red Line',
      direction: 1,
      trip: '70001',
      headsign: 'Alewife',
      serviceDate: '2026-01-01',
      time: '2026-01-01T21:43:00.000Z',
      departure: '2026-01-01T21:43:00.000Z',
      arrival: '2026-01-01T21:43:00.000Z',
      scheduled: '2026-01-01T21:40:00.000Z',
      delay: 3,
      state: 'expected',
      status: 'Boarding',
    }
    assert.deepEqual(draft?.data, expected)
    assert.equal(draft?.identifier, 'place-sstat 70001 2026-01-01')
  })

  it('asks for its stop, route and direction, with its key', async (t) => {
    const service = await localService(t, () => ({ body: predictions([]) }))
    const world = { secret: secretsOf({ MBTA_KEY: 'a made-up key' }) }
    await draftsOf(transit({ stop, route: '1,66', direction: 0, token: 'MBTA_KEY', baseUrl: service.url }), world)
    const [asked] = service.asked
    assert.equal(asked?.path, '/predictions')
    assert.equal(asked?.query.get('filter[stop]'), stop)
    assert.equal(asked?.query.get('filter[route]'), '1,66')
    assert.equal(asked?.query.get('filter[direction_id]'), '0')
    assert.equal(asked?.headers['x-api-key'], 'a made-up key')
  })

  it('checks its options', () => {
    assert.throws(() => transit({ stop: 'a,b' }), /stop: expected the id of one stop/)
    assert.throws(() => transit({ stop, direction: 2 as 1 }), /direction: expected 0 or 1/)
    assert.throws(() => transit({ stop, within: 'soon' }), /within: expected a duration/)
  })
})

describe('a departure', () => {
  const watch = async (t: { after(work: () => unknown): void }, options: Partial<TransitOptions> = {}) => {
    let answer: Told = {}
    let now = NOW
    const service = await localService(t, () => answer)
    const watched = await watchStream(t, transit({ stop, baseUrl: service.url, ...options }), { now: () => now })
    const see = async (departures: readonly Departure[], later = 0): Promise<readonly Prediction[]> => {
      answer = { body: predictions(departures) }
      now += later * MINUTE
      const before = watched.told.length
      await watched.see()
      return watched.told.slice(before).map((event) => event.data as Prediction)
    }
    return { ...watched, service, see, at: (minutes: number) => (now = NOW + minutes * MINUTE) }
  }
  const delayed = (delay: number, parts: Partial<Departure> = {}): readonly Departure[] => [
    leaving(10, { departure: NOW + (10 + delay) * MINUTE, ...parts }),
  ]

  it('counts again when it has moved far enough from what was told', async (t) => {
    const { see } = await watch(t)
    const told: (number | null)[] = []
    for (const delay of [0, 1, 1.9, 2, 3, 1, 0]) told.push(...(await see(delayed(delay))).map((one) => one.delay))
    assert.deepEqual(told, [0, 2, 0])
  })

  it('counts again when its status changes, but not with every stop', async (t) => {
    const { see } = await watch(t)
    const told: (string | null)[] = []
    for (const status of [null, '3 stops away', 'Stopped 2 stops away', 'Boarding', 'Boarding']) {
      told.push(...(await see(delayed(0, { status }))).map((one) => one.status))
    }
    assert.deepEqual(told, [null, 'Boarding'])
  })

  it('keeps its identity when its prediction is renumbered or its platform changes', async (t) => {
    const { see, told } = await watch(t)
    await see(delayed(0))
    await see(delayed(0, { id: 'another' }))
    assert.equal(told.length, 1)
    const [again] = await see(delayed(0, { id: 'a third', platform: '5' }))
    assert.equal(again?.platform, '5')
    assert.equal(told[1]?.revision, 2)
  })

  it('is cancelled or skipped without a time of its own', async (t) => {
    const { see } = await watch(t)
    await see(delayed(0))
    const gone = { departure: null, arrival: null }
    const [cancelled] = await see(delayed(0, { ...gone, relationship: 'CANCELLED' }))
    assert.deepEqual(
      [cancelled?.state, cancelled?.departure, cancelled?.time, cancelled?.delay],
      ['cancelled', null, '2026-01-01T21:40:00.000Z', null],
    )
    const [skipped] = await see(delayed(0, { ...gone, relationship: 'SKIPPED' }))
    assert.equal(skipped?.state, 'skipped')
    const [added] = await see([leaving(5, { scheduled: null, departure: NOW + 5 * MINUTE, relationship: 'ADDED' })])
    assert.deepEqual([added?.state, added?.scheduled, added?.delay], ['added', null, null])
  })

  it('is not one where the vehicle only arrives, or has left, or is far ahead', async (t) => {
    const { see } = await watch(t)
    const told = await see([leaving(3, { departure: null, arrival: NOW + 3 * MINUTE }), leaving(-1), leaving(31)])
    assert.deepEqual(told, [])
  })

  it('of a loop is the earlier of two calls', async (t) => {
    const { see } = await watch(t)
    const loop = [leaving(25, { trip: 'loop' }), leaving(5, { trip: 'loop' })]
    for (let look = 0; look < 2; look++) {
      const told = await see(loop.map((one) => ({ ...one, scheduled: null, departure: one.scheduled })))
      assert.deepEqual(
        told.map(({ time }) => time),
        look === 0 ? ['2026-01-01T21:35:00.000Z'] : [],
      )
    }
  })

  it('that was told counts also when it is delayed out of reach', async (t) => {
    const { see } = await watch(t)
    await see(delayed(0))
    assert.equal((await see(delayed(45)))[0]?.delay, 45)
  })

  it('comes within reach although the answer has not changed', async (t) => {
    const { service, see, at, told } = await watch(t)
    const modified = { 'last-modified': 'Thu, 01 Jan 2026 21:00:00 GMT' }
    service.answer(({ headers }) =>
      headers['if-modified-since'] === undefined
        ? { body: predictions([leaving(10), leaving(40)]), headers: modified }
        : { status: 304 },
    )
    const looks: number[] = []
    for (const minutes of [0, 5, 10, 15]) {
      at(minutes)
      await see([])
      looks.push(told.length)
    }
    assert.deepEqual(looks, [1, 1, 2, 2])
    assert.deepEqual(
      service.asked.map(({ headers }) => headers['if-modified-since'] !== undefined),
      [false, true, false, true],
    )
  })

  it('is asked for again when the limit ends', async (t) => {
    const date = new Date(NOW).toUTCString()
    const headers = { 'x-ratelimit-limit': '20', 'x-ratelimit-reset': String(NOW / 1000 + 42), date }
    const service = await localService(t, () => ({ status: 429, headers, body: { errors: [] } }))
    // By the clock of the service, whatever ours shows.
    for (const now of [NOW, NOW + 7_200_000, NOW - 86_400_000]) {
      await assert.rejects(
        draftsOf(transit({ stop, baseUrl: service.url }), { now: () => now }),
        (error) => isRetry(error) && error.after === 42_000,
      )
    }
  })

  it('that lacks what is needed costs only itself', async (t) => {
    const good = predictions([leaving(5)])
    const [one] = good.data
    const attributes = { ...one?.attributes, departure_time: 'soon', arrival_time: 7 }
    const relationships = { ...one?.relationships, trip: { data: null }, schedule: null }
    const hostile = [null, 'x', {}, { ...one, relationships }, { ...one, relationships: 5 }, { ...one, attributes }]
    const service = await localService(t, () => ({
      body: { ...good, data: [...hostile, one], included: [null, 5, {}] },
    }))
    const drafts = await draftsOf(transit({ stop, baseUrl: service.url }), { now: () => NOW })
    assert.equal(drafts.length, 1)
    assert.deepEqual(
      drafts.map(({ data }) => (data as Prediction).headsign),
      [null],
    )
  })
})
