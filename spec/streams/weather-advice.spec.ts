import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { of, toArray } from 'rxjs'
import { fromJSON } from '../../lib/filters.ts'
import { where } from '../../lib/index.ts'
import { colderThan, rain, snow, type Weather, warmerThan, wear, weather, windierThan } from '../../streams/weather.ts'

function data(parts: Partial<Weather>): Weather {
  return {
    place: 'home',
    latitude: 0,
    longitude: 0,
    time: '',
    local: '',
    timezone: 'UTC',
    units: 'metric',
    temperature: 10,
    feelsLike: null,
    humidity: null,
    precipitation: null,
    probability: null,
    wind: null,
    gusts: null,
    windDirection: null,
    clouds: null,
    condition: 'cloudy',
    ...parts,
  }
}

describe('the tests of weather', () => {
  const event = (parts: Partial<Weather>) => ({ data: data(parts) })

  it('tell rain and snow apart', () => {
    const wet = ['drizzle', 'rain', 'freezing rain', 'sleet', 'thunderstorm', 'snow', 'fog', 'unknown'] as const
    assert.deepEqual(
      wet.filter((condition) => rain()(event({ condition }))),
      wet.slice(0, 5),
    )
    assert.deepEqual(
      wet.filter((condition) => snow()(event({ condition }))),
      ['sleet', 'snow'],
    )
  })

  it('compare numbers, and hold for nothing that is missing', () => {
    assert.ok(rain(50)(event({ condition: 'rain', probability: 50 })))
    assert.ok(!rain(50)(event({ condition: 'rain', probability: 49 })))
    assert.ok(!rain(50)(event({ condition: 'rain' })))
    assert.ok(colderThan(11)(event({})) && !colderThan(10)(event({})))
    assert.ok(warmerThan(9)(event({})) && !warmerThan(10)(event({})))
    assert.ok(windierThan(50)(event({ gusts: 60 })) && !windierThan(50)(event({})))
    assert.ok(!colderThan(5)({} as never) && !rain()(undefined as never))
  })

  it('fit where(), belong to weather too, and survive JSON', (_, done) => {
    const events = [event({ condition: 'rain' }), event({ temperature: 30 }), event({ condition: 'drizzle' })]
    of(...events)
      .pipe(where(weather.rain()), where(weather.colderThan(20)), toArray())
      .subscribe((passed) => {
        assert.equal(passed.length, 2)
        done()
      })
    for (const test of [rain(), rain(50), snow(), colderThan(5), warmerThan(5), windierThan(5)]) {
      assert.equal(String(fromJSON(JSON.parse(JSON.stringify(test)))), String(test))
    }
  })
})

describe('wear', () => {
  for (const [sentence, parts] of [
    ['Wear your warmest coat, a hat, a scarf and gloves.', { feelsLike: -10.1 }],
    ['Wear a winter coat, a hat and gloves.', { feelsLike: -10 }],
    ['Wear a coat.', { feelsLike: 0 }],
    ['Wear a jacket.', { feelsLike: 8 }],
    ['Wear a sweater.', { feelsLike: 14 }],
    ['Wear a T-shirt.', { feelsLike: 19 }],
    ['Wear something light.', { feelsLike: 26 }],
    ['Wear something light, and take sunscreen.', { feelsLike: 26, condition: 'clear' }],
    ['Wear a jacket, and take an umbrella.', { condition: 'rain' }],
    ['Wear a jacket, and take a raincoat.', { condition: 'drizzle', gusts: 39 }],
    ['Wear a jacket, and take an umbrella.', { probability: 50 }],
    ['Wear a coat and boots.', { feelsLike: 1, condition: 'snow', probability: 90 }],
    ['Wear a winter coat, a hat, gloves and boots, and take an umbrella.', { feelsLike: -1, condition: 'sleet' }],
    ['Wear a coat.', { units: 'imperial', temperature: 45 }],
    ['Wear a coat, and take a raincoat.', { units: 'imperial', temperature: 45, condition: 'rain', wind: 25 }],
  ] as const) {
    it(`says ${JSON.stringify(sentence)} for ${JSON.stringify(parts)}`, () => {
      assert.equal(wear(data(parts)), sentence)
    })
  }
})
