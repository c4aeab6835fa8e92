import { Histogram } from '../../core/histogram.ts'
import { type Metric, type Sample, seriesOf } from './prometheus-text.ts'

/** The most series in one answer: each costs memory wherever they are collected. */
const MOST_SERIES = 10_000

/** Metrics that fit, and which of them lost their label, or samples, for it. */
export interface Fitted {
  readonly metrics: readonly Metric[]
  /** The names of those. */
  readonly reduced: readonly string[]
}

/**
 * Reduces metrics to a number of series: first the histograms of listeners lose their label, then those of jobs. If that is
 * not enough, the last samples of the largest metrics are left out.
 */
export function fitSeries(metrics: readonly Metric[], most = MOST_SERIES): Fitted {
  let fitted = metrics
  const reduced: string[] = []
  for (const label of ['listener', 'job']) {
    if (total(fitted) <= most) break
    fitted = fitted.map((metric) => {
      const { type, samples } = metric
      if (type !== 'histogram' || samples.length < 2 || samples[0]?.labels[label] === undefined) return metric
      reduced.push(metric.name)
      return { ...metric, samples: [{ labels: {}, value: mergedOf(samples) }] }
    })
  }
  for (let over = total(fitted) - most; over > 0; over = total(fitted) - most) {
    const largest = fitted.reduce((a, b) => (b.samples.length > a.samples.length ? b : a))
    const half = { ...largest, samples: largest.samples.slice(0, Math.floor(largest.samples.length / 2)) }
    fitted = fitted.map((metric) => (metric === largest ? half : metric))
    reduced.push(largest.name)
  }
  return { metrics: fitted, reduced: [...new Set(reduced)] }
}

function total(metrics: readonly Metric[]): number {
  return metrics.reduce((sum, metric) => sum + seriesOf(metric), 0)
}

function mergedOf(samples: readonly Sample[]): Histogram {
  const all = samples.map(({ value }) => value).filter((value) => typeof value !== 'number')
  const sum = new Histogram(all[0]?.bounds ?? [])
  for (const each of all) sum.merge(each)
  return sum
}
