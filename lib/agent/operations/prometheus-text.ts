import type { Histogram } from '../../core/histogram.ts'

/** One value of a metric, with what tells it from the others. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  /** `NaN`: unknown. */
  readonly value: number | Histogram
}

/** A metric. */
export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** How many series the samples of a metric make. */
export function seriesOf({ samples }: Pick<Metric, 'samples'>): number {
  let count = 0
  for (const { value } of samples) count += typeof value === 'number' ? 1 : value.buckets.length + 2
  return count
}

/** Metrics in the text format of Prometheus, version 0.0.4. */
export function prometheusText(metrics: readonly Metric[]): string {
  let text = ''
  for (const { name, type, help, samples } of metrics) {
    if (samples.length === 0) continue
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (const { labels, value } of samples)
      text += typeof value === 'number' ? line(name, labels, value) : histogramLines(name, labels, value)
  }
  return text
}

function histogramLines(name: string, labels: Sample['labels'], { bounds, buckets, sum }: Histogram): string {
  let [text, count] = ['', 0]
  for (const [at, own] of buckets.entries()) {
    count += own
    text += line(`${name}_bucket`, { ...labels, le: numberText(bounds[at] ?? Number.POSITIVE_INFINITY) }, count)
  }
  return text + line(`${name}_sum`, labels, sum) + line(`${name}_count`, labels, count)
}

function line(name: string, labels: Sample['labels'], value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}
