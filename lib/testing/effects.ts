import { isDeepStrictEqual } from 'node:util'
import type { StoredEvent } from '../core/event.ts'
import { show } from './check-law.ts'
import { isSafe, type WorldCall } from './watched-world.ts'

/** What deliveries left behind. */
export interface Behind {
  readonly calls: readonly WorldCall[]
  readonly published: readonly StoredEvent[]
  /** The delivery keys, in the order in which the handler got them. */
  readonly keys: readonly string[]
  readonly repeatable: (call: WorldCall) => boolean
  readonly observed: unknown
}

/** Headers by which services know a request again. */
const KEY_HEADERS = /^(x-)?(idempotency-key|request-id)$/

/**
 * What deliveries have changed outside, as the world saw it: requests that only read do not count; those with the same
 * key, those that are repeatable (PUT, DELETE), and published events count once. Decision 0074.
 */
export class Effects {
  readonly #counts = new Map<string, number>()
  readonly #observed: unknown

  constructor({ calls, published, keys, repeatable, observed }: Behind) {
    this.#observed = observed
    for (const call of calls) if (!isSafe(call)) this.#note(call, keys, repeatable)
    for (const { type, identifier, version } of published) {
      this.#once(
        `published ${type} ${JSON.stringify(identifier)}${version === undefined ? '' : `, version ${version}`}`,
      )
    }
  }

  /** What is here more often than in the others, or what else differs; undefined if nothing does. */
  beyond(others: Effects): string | undefined {
    for (const [effect, count] of this.#counts) {
      const other = others.#counts.get(effect) ?? 0
      if (count > other) return `${effect}${count === 1 ? '' : `, ${count} times`}`
    }
    return undefined
  }

  /** Whether what the handler changes besides is the same. */
  looksLike(others: Effects): boolean {
    return isDeepStrictEqual(this.#observed, others.#observed)
  }

  /** One line about each. */
  get lines(): readonly string[] {
    const all = [...this.#counts].flatMap(([effect, count]) => Array<string>(count).fill(`  ${effect}`))
    const observed = this.#observed === undefined ? [] : [`  observed ${show(this.#observed)}`]
    return all.length + observed.length === 0 ? ['  nothing'] : [...all, ...observed]
  }

  #note(call: WorldCall, keys: readonly string[], repeatable: (call: WorldCall) => boolean): void {
    const given = Object.entries(call.headers).find(([name]) => KEY_HEADERS.test(name.toLowerCase()))?.[1]
    const whole = [call.url, ...Object.values(call.headers), call.body].join('\n')
    const at = keys.findIndex((key) => whole.includes(key))
    const anonymous = (text: string): string =>
      keys.reduce((left, key, i) => left.replaceAll(key, `key ${i + 1}`), text)
    const { method, body } = call
    const what = `${method} ${anonymous(call.url)}`
    // A service takes the first of them, whatever the body of the others.
    if (given !== undefined || at >= 0) return this.#once(`${what}, with the key ${anonymous(given ?? keys[at] ?? '')}`)
    const words = `${what}${body === '' ? '' : ` ${short(anonymous(body))}`}`
    if (method === 'PUT' || method === 'DELETE' || repeatable(call)) return this.#once(words)
    const effect = `${words}, without a key`
    this.#counts.set(effect, (this.#counts.get(effect) ?? 0) + 1)
  }

  #once(effect: string): void {
    this.#counts.set(effect, 1)
  }
}

function short(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text
}
