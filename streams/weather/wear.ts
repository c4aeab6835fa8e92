import type { Weather } from './data.ts'

/** What to wear below each temperature that it feels like, in °C. */
const CLOTHES: readonly (readonly [below: number, clothes: readonly string[]])[] = [
  [-10, ['your warmest coat', 'a hat', 'a scarf', 'gloves']],
  [0, ['a winter coat', 'a hat', 'gloves']],
  [8, ['a coat']],
  [14, ['a jacket']],
  [19, ['a sweater']],
  [26, ['a T-shirt']],
]

/** From this wind on, in km/h, an umbrella turns inside out: 6 on the Beaufort scale. */
const STRONG_WIND = 39

/** From this probability of rain on, in per cent, an umbrella is worth its weight. */
const LIKELY = 50

/**
 * Says what to wear, in one sentence: `Wear a coat, and take an umbrella.`
 *
 * 1. Clothes, by the temperature that it feels like: below −10 °C your warmest coat, a hat, a scarf and gloves; below 0 a
 *    winter coat, a hat and gloves; below 8 a coat; below 14 a jacket; below 19 a sweater; below 26 a T-shirt; above that
 *    something light.
 * 2. Snow, sleet or freezing rain: boots.
 * 3. Drizzle, rain, sleet or a thunderstorm, or a probability from 50 %: an umbrella, or a raincoat if the wind reaches
 *    39 km/h (24 mph).
 * 4. A clear sky from 26 °C: sunscreen.
 *
 * @param weather the data of an event of `weather`, in either units
 */
export function wear(weather: Pick<Weather, 'units' | 'temperature' | 'condition'> & Partial<Weather>): string {
  const metric = weather.units === 'metric'
  const felt = weather.feelsLike ?? weather.temperature
  const celsius = metric ? felt : (felt - 32) / 1.8
  const wind = Math.max(weather.wind ?? 0, weather.gusts ?? 0) * (metric ? 1 : 1.609_344)
  const { condition, probability } = weather
  const clothes = CLOTHES.find(([below]) => celsius < below)?.[1] ?? ['something light']
  const icy = ['snow', 'sleet', 'freezing rain'].includes(condition)
  const rains = ['drizzle', 'rain', 'sleet', 'freezing rain', 'thunderstorm'].includes(condition)
  const wet = rains || (condition !== 'snow' && (probability ?? 0) >= LIKELY)
  const shield = wind >= STRONG_WIND ? 'a raincoat' : 'an umbrella'
  const sunny = condition === 'clear' && celsius >= 26
  const take = wet ? `, and take ${shield}` : sunny ? ', and take sunscreen' : ''
  return `Wear ${listed(icy ? [...clothes, 'boots'] : clothes)}${take}.`
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
