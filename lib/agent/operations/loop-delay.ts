import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Observable } from 'rxjs'
import { SECOND } from '../../core/time-units.ts'

/** How often the delay is measured, in ms. */
const RESOLUTION = 20

const QUANTILES = [0.5, 0.9, 0.99]

/** How long timers have waited for the event loop, from the first question on. */
export class LoopDelay {
  readonly #until: Observable<unknown>
  #measured: IntervalHistogram | undefined

  /** @param until completes when nothing more is to be measured */
  constructor(until: Observable<unknown>) {
    this.#until = until
  }

  /** Quantiles since the question before, in seconds; NaN the first time, as nothing was measured before. */
  quantiles(): readonly { readonly quantile: string; readonly seconds: number }[] {
    const measured = this.#measured
    const found = QUANTILES.map((quantile) => {
      if (measured === undefined || measured.count === 0) return { quantile: String(quantile), seconds: Number.NaN }
      // Node counts the interval itself as delay.
      const ms = measured.percentile(quantile * 100) / 1e6 - RESOLUTION
      return { quantile: String(quantile), seconds: Math.max(0, ms) / SECOND }
    })
    if (measured === undefined) {
      this.#measured = monitorEventLoopDelay({ resolution: RESOLUTION })
      this.#measured.enable()
      this.#until.subscribe({ complete: () => this.#measured?.disable() })
    } else measured.reset()
    return found
  }
}
