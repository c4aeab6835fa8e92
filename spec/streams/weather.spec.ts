import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { streamLaws } from '../../lib/testing/index.ts'
import { type Weather, type WeatherOptions, weather } from '../../streams/weather.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { localService, type Told } from '../support/local-service.ts'
import { draftsOf, secretsOf, watchStream } from '../support/watch-stream.ts'
import { example, forecast, HOUR, hourAt, NOW, oneCall, type Sky, serve, utrecht } from './weather-service.ts'

const world = { now: () => NOW, secret: secretsOf({ OPENWEATHER_KEY: 'a made-up key' }) }
const both = ['open-meteo', 'openweather'] as const

function withoutCurrent(baseUrl: string): WeatherOptions {
  return { ...utrecht, baseUrl, current: false, hourly: 24 }
}

for (const service of both) {
  httpSourceSuite({
    name: 'weather',
    stream: (url) => weather({ ...withoutCurrent(url), service }),
    serve: (items) =>
      serve(
        undefined,
        items.map((at) => ({ at: hourAt(at) })),
      ),
    renumbering: {
      serve: (items) =>
        serve(
          undefined,
          items.toReversed().map((at) => ({ at: hourAt(at) })),
        ),
      outcome: 'known',
      because: 'an hour has no id, and is known by its time',
    },
    pages: 'one answer has all hours',
    world,
  })
}

describe('the weather stream', () => {
  // Four polls of the laws are an hour apart, from 22:00.
  const codes = [
    { 'open-meteo': 0, openweather: 800 },
    { 'open-meteo': 3, openweather: 804 },
    { 'open-meteo': 61, openweather: 500 },
    { 'open-meteo': null, openweather: null },
  ]
  const wire = fc.record({
    hour: fc.integer({ min: 26, max: 40 }),
    temperature: fc.double({ min: -40, max: 50, noNaN: true }),
    code: fc.constantFrom(...codes),
  })
  for (const service of both) {
    const answer = { 'open-meteo': forecast, openweather: oneCall }[service]
    const laws = streamLaws(weather, {
      options: { ...utrecht, service, current: false, hourly: 48 },
      wire,
      truth: ({ hour }) => String(hour),
      serve: (sent) => ({
        secret: world.secret,
        fetch: async () =>
          Response.json(
            answer(
              undefined,
              sent.map(({ hour, temperature, code }) => ({
                at: Date.UTC(2026, 0, 1, hour),
                temperature,
                code: code[service],
              })),
            ),
          ),
      }),
      numRuns: 5,
    })
    for (const [name, law] of Object.entries(laws)) it(`of hours by ${service}: ${name}`, law)
  }

  const present = streamLaws(weather, {
    options: { ...utrecht, hourly: 0 },
    wire: fc.record({ temperature: fc.integer({ min: -40, max: 50 }) }),
    truth: () => 'Utrecht',
    serve: (sent) => async () => {
      const now = sent.at(-1)
      return Response.json(forecast(now && { at: NOW, ...now }, []))
    },
    numRuns: 9,
  })
  for (const [name, law] of Object.entries(present)) it(`of the present: ${name}`, law)

  it('has an example of every event type', async (t) => {
    const drafts = await example(t)
    assert.deepEqual(new Set(drafts.map(({ type }) => type)), new Set(['weather.current', 'weather.hourly']))
  })

  it('publishes the same data of both services', async (t) => {
    const sky = { temperature: 7.44, precipitation: 0.3, wind: 5, probability: 85 }
    const service = await localService(t, ({ path }) => {
      const code = path.startsWith('/v1') ? 61 : 500
      return serve({ at: NOW, code, ...sky }, [{ at: hourAt(1), code, ...sky }])({ path })
    })
    const [meteo, openWeather] = await Promise.all(
      both.map((name) => draftsOf(weather({ ...utrecht, baseUrl: service.url, service: name }), world)),
    )
    const expected: Weather = {
      place: '52.09,5.12',
      ...utrecht,
      time: '2026-01-01T22:00:00.000Z',
      local: '2026-01-01T23:00:00+01:00',
      timezone: 'Europe/Amsterdam',
      units: 'metric',
      temperature: 7.4,
      feelsLike: 5.4,
      humidity: 80,
      precipitation: 0.3,
      probability: 85,
      wind: 18,
      gusts: 36,
      windDirection: 270,
      clouds: 100,
      condition: 'rain',
    }
    assert.deepEqual(
      meteo?.map(({ type, identifier }) => [type, identifier]),
      [
        ['weather.hourly', '52.09,5.12 2026-01-01T22:00:00.000Z'],
        ['weather.current', '52.09,5.12'],
      ],
    )
    assert.deepEqual(meteo?.[0]?.data, expected)
    const time = { time: '2026-01-01T21:30:00.000Z', local: '2026-01-01T22:30:00+01:00' }
    assert.deepEqual(meteo?.[1]?.data, { ...expected, ...time, probability: null })
    assert.deepEqual(openWeather, meteo)
  })

  it('converts to imperial units', async (t) => {
    const service = await localService(t, serve({ at: NOW, temperature: 10, precipitation: 25.4, wind: 10 }, []))
    const [draft] = await draftsOf(weather({ ...utrecht, baseUrl: service.url, units: 'imperial' }), world)
    assert.ok(draft)
    const { temperature, feelsLike, precipitation, wind } = draft.data as Weather
    assert.deepEqual(
      { temperature, feelsLike, precipitation, wind },
      { temperature: 50, feelsLike: 46.4, precipitation: 1, wind: 22.4 },
    )
  })

  it('asks for what the options say, and nothing else', async (t) => {
    const service = await localService(t, serve({ at: NOW }, []))
    await draftsOf(weather({ ...utrecht, baseUrl: service.url, hourly: 0 }), world)
    await draftsOf(weather({ ...utrecht, baseUrl: service.url, service: 'openweather', current: false }), world)
    const [meteo, openWeather] = service.asked
    assert.equal(meteo?.query.get('hourly'), null)
    assert.equal(meteo?.query.get('apikey'), null)
    assert.match(meteo?.query.get('current') ?? '', /temperature_2m,.*weather_code/)
    assert.equal(openWeather?.query.get('exclude'), 'minutely,daily,alerts,current')
    assert.equal(openWeather?.query.get('appid'), 'a made-up key')
  })
})

describe('a change of the weather', () => {
  const watch = async (t: { after(work: () => unknown): void }, options: Partial<WeatherOptions> = {}) => {
    let answer: Told = {}
    const service = await localService(t, () => answer)
    const watched = await watchStream(t, weather({ ...utrecht, baseUrl: service.url, hourly: 0, ...options }), world)
    const see = async (
      sky: Partial<Sky>,
      hours: readonly Sky[] = [],
    ): Promise<readonly (readonly [number, string])[]> => {
      answer = { body: forecast({ at: NOW, ...sky }, hours) }
      const before = watched.told.length
      await watched.see()
      return watched.told.slice(before).map((event) => {
        const { temperature, condition } = event.data as Weather
        return [temperature, condition] as const
      })
    }
    return { ...watched, see }
  }

  it('counts from the first look on, and noise does not', async (t) => {
    const { see } = await watch(t)
    const told: number[] = []
    for (const temperature of [18.0, 18.4, 18.9, 18.1, 19.1, 18.6, 18.0]) {
      told.push(...(await see({ temperature })).map(([value]) => value))
    }
    assert.deepEqual(told, [18, 19.1, 18])
  })

  it('is one of the chosen fields, by the chosen steps', async (t) => {
    const { see } = await watch(t, { changes: ['temperature'], steps: { temperature: 5 } })
    assert.equal((await see({ temperature: 10 })).length, 1)
    assert.equal((await see({ temperature: 14.9, code: 95 })).length, 0)
    assert.equal((await see({ temperature: 15, code: 95 })).length, 1)
  })

  it('of the condition counts at once, also back to the old one', async (t) => {
    const { see } = await watch(t)
    assert.deepEqual(await see({ code: 3 }), [[10, 'cloudy']])
    assert.deepEqual(await see({ code: 61 }), [[10, 'rain']])
    assert.deepEqual(await see({ code: 3 }), [[10, 'cloudy']])
  })

  it('of an hour counts until it is over', async (t) => {
    const { see } = await watch(t, { current: false, hourly: 3, changes: ['temperature'] })
    const hours = [-1, 0, 1, 3, 4].map((at): Sky => ({ at: hourAt(at), temperature: at }))
    assert.deepEqual(
      (await see({}, hours)).map(([temperature]) => temperature),
      [0, 1, 3],
    )
    assert.deepEqual(
      (
        await see(
          {},
          hours.map((sky) => ({ ...sky, temperature: (sky.temperature ?? 0) * 1.4 })),
        )
      ).map(([value]) => value),
      [4.2],
    )
  })

  it('counts from the second look on, if the first only records', async (t) => {
    const { see } = await watch(t, { backfill: 0 })
    assert.equal((await see({ temperature: 10 })).length, 0)
    assert.equal((await see({ temperature: 12 })).length, 1)
  })

  it('is of one of two hours when clocks go back', async (t) => {
    const night = Date.UTC(2026, 9, 25)
    const hours = [0, 1].map((hour): Sky => ({ at: night + hour * HOUR }))
    const service = await localService(t, serve(undefined, hours))
    const stream = weather(withoutCurrent(service.url))
    const drafts = await draftsOf(stream, { ...world, now: () => night })
    assert.deepEqual(
      drafts.map(({ data }) => (data as Weather).local),
      ['2026-10-25T02:00:00+02:00', '2026-10-25T02:00:00+01:00'],
    )
    assert.equal(new Set(drafts.map(({ identifier }) => identifier)).size, 2)
  })
})

describe('a weather service that fails', () => {
  const error = async (t: { after(work: () => unknown): void }, told: Told, options: Partial<WeatherOptions> = {}) => {
    const service = await localService(t, () => told)
    const run = draftsOf(weather({ ...utrecht, baseUrl: service.url, ...options }), world)
    return run.then(
      () => assert.fail('the run succeeded'),
      (failure: unknown) => failure as Error & { code?: string; after?: number },
    )
  }

  it('does not see its key in an error', async (t) => {
    const body = { cod: 401, message: 'Invalid API key.' }
    const failure = await error(t, { status: 401, body }, { service: 'openweather' })
    assert.match(failure.message, /onecall answered 401.*Invalid API key/)
    assert.ok(!JSON.stringify([failure.message, failure]).includes('made-up'))
  })

  it('is asked again when its limit ends', async (t) => {
    const limit = (name: string) => ({
      error: true,
      reason: `${name} API request limit exceeded. Please try again later.`,
    })
    for (const [name, after] of [
      ['Minutely', 60_000],
      ['Hourly', HOUR / 2],
      ['Daily', 2.5 * HOUR],
    ] as const) {
      const headers = { date: new Date(NOW).toUTCString() }
      assert.equal((await error(t, { status: 429, body: limit(name), headers })).after, after)
    }
    assert.equal((await error(t, { status: 429, body: {} })).code, 'TIDINGS_HTTP_FAILED')
  })

  it('gives its reason', async (t) => {
    const body = { error: true, reason: 'Latitude must be in range of -90 to 90°.' }
    assert.match((await error(t, { status: 400, body })).message, /Latitude must be/)
    const failure = await error(t, { body })
    assert.equal(failure.code, 'TIDINGS_RESPONSE_INVALID')
    assert.match(failure.message, /Latitude must be/)
  })

  it('is refused in other units', async (t) => {
    const answer = forecast({ at: NOW }, [])
    const body = { ...answer, current_units: { ...answer.current_units, temperature_2m: '°F' } }
    assert.match((await error(t, { body })).message, /current_units.temperature_2m is "°F", expected "°C"/)
  })

  it('costs only the times that have no temperature', async (t) => {
    const hours = [1, 2, 3].map((at): Sky => ({ at: hourAt(at), temperature: at === 2 ? null : at }))
    const answer = forecast({ at: NOW, precipitation: null, code: null }, hours)
    const hostile = {
      ...answer,
      timezone: '__proto__',
      hourly: {
        ...answer.hourly,
        weather_code: [null, 61],
        time: [...(answer.hourly['time'] ?? []), 'noon', 1e300, null],
      },
    }
    const service = await localService(t, () => ({ body: hostile }))
    const drafts = await draftsOf(weather({ ...utrecht, baseUrl: service.url }), world)
    assert.deepEqual(
      drafts.map(({ data }) => [
        (data as Weather).temperature,
        (data as Weather).condition,
        (data as Weather).timezone,
      ]),
      [
        [1, 'unknown', 'UTC'],
        [3, 'unknown', 'UTC'],
        [10, 'unknown', 'UTC'],
      ],
    )
  })

  it('of OpenWeather may be hostile, too', async (t) => {
    const rows = [
      null,
      7,
      {},
      { dt: 'x', temp: 1 },
      { dt: hourAt(1) / 1000, temp: 3, weather: { id: 800 }, rain: 5, pop: '1' },
    ]
    const service = await localService(t, () => ({ body: { ...oneCall(undefined, []), hourly: rows } }))
    const drafts = await draftsOf(weather({ ...withoutCurrent(service.url), service: 'openweather' }), world)
    assert.deepEqual(
      drafts.map(({ data }) => [(data as Weather).temperature, (data as Weather).condition]),
      [[3, 'unknown']],
    )
  })
})

describe('the options of weather', () => {
  it('are checked', () => {
    assert.throws(() => weather({ ...utrecht, latitude: 91 }), /latitude: expected a number from -90 to 90/)
    assert.throws(
      () => weather({ ...utrecht, changes: ['temprature' as 'temperature'] }),
      /changes: .*one of temperature/,
    )
    assert.throws(() => weather({ ...utrecht, steps: { temperature: 0 } }), /steps: expected an object of numbers/)
    assert.throws(() => weather({ ...utrecht, service: 'darksky' as 'openweather' }), /one of open-meteo, openweather/)
  })
})
