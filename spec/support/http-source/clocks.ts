import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type HttpSource, openSource, range } from './source.ts'

/** In ms. */
const HOUR = 3_600_000

const skews: Readonly<Record<string, number>> = {
  'five hours ahead': 5 * HOUR,
  'five hours behind': -5 * HOUR,
  'two years ahead': 17_520 * HOUR,
  'two years behind': -17_520 * HOUR,
}

/** Checks that a source loses and repeats nothing, however the service's clock and ours differ, or ours is set. */
export function clocks(source: HttpSource): void {
  const { job } = source
  for (const [where, skew] of Object.entries(skews)) {
    it(`tells each item once while the service's clock is ${where}`, async (t) => {
      const { show, see, count } = await openSource(t, source, [])
      show([2, 3], skew)
      await see(job)
      await see(job)
      assert.equal(count(), 2)
      show([1, 2, 3, 4], skew)
      await see(job)
      await see(job)
      assert.equal(count(), 4)
    })

    it(`tells each item once after the service's clock was ${where}`, async (t) => {
      const { show, see, count } = await openSource(t, source, [])
      show([1, 2], skew)
      await see(job)
      // What the service wrote meanwhile stays as it is.
      show([1, 2, 3, 4], (item) => (item < 3 ? skew : 0))
      await see(job)
      await see(job)
      assert.equal(count(), 4)
    })

    it(`tells each item once after our clock was ${where}`, async (t) => {
      const { time, show, see, count } = await openSource(t, source)
      const right = time.now
      time.now = right + skew
      await see(job)
      time.now = right
      await see(job)
      await see(job)
      assert.equal(count(), 2)
      show([1, 2, 3, 4])
      await see(job)
      assert.equal(count(), 4)
    })
  }

  it('tells each item once when our clock steps back between looks', async (t) => {
    const { time, show, see, count } = await openSource(t, source)
    await see(job)
    for (const [at, step] of [3, 30, 300].entries()) {
      time.now -= step * HOUR
      show(range(1, at + 3))
      await see(job)
      time.now += step * HOUR
      await see(job)
      assert.equal(count(), at + 3)
    }
  })
}
