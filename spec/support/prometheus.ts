import assert from 'node:assert/strict'

/** A series: its name, its labels, and its value. */
export interface Series {
  readonly name: string
  readonly labels: ReadonlyMap<string, string>
  readonly value: number
}

/** The metrics of a text, by their names. */
export type Parsed = ReadonlyMap<string, { readonly type: string; readonly series: readonly Series[] }>

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  summary: ['', '_sum', '_count'],
  histogram: ['_bucket', '_sum', '_count'],
}

/**
 * Reads the text format of Prometheus, and refuses what its documentation does not allow: metrics without help or type,
 * twice, or mixed; series that occur twice; labels that are not escaped; histograms that do not rise to `+Inf`.
 */
export function parsePrometheus(text: string): Parsed {
  assert.ok(text.endsWith('\n'), 'the last line has no end')
  const parsed = new Map<string, { type: string; series: Series[] }>()
  const seen = new Set<string>()
  let [helped, current] = ['', '']
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\S+) \S.*$/.exec(line)
    const type = /^# TYPE (\S+) (counter|gauge|summary|histogram)$/.exec(line)
    if (help !== null) helped = help[1] as string
    else if (type !== null) {
      current = type[1] as string
      assert.equal(current, helped, `${line}: no help before it`)
      assert.ok(!parsed.has(current), `${line}: twice`)
      parsed.set(current, { type: type[2] as string, series: [] })
    } else {
      const series = seriesIn(line)
      const family = parsed.get(current)
      assert.ok(family !== undefined, `${line}: no type before it`)
      const ending = series.name.slice(current.length)
      assert.ok(series.name.startsWith(current), `${line}: among ${current}`)
      assert.ok(ENDINGS[family.type]?.includes(ending), `${line}: is no ${family.type}`)
      const key = `${series.name} ${JSON.stringify([...series.labels].toSorted(([a], [b]) => (a < b ? -1 : 1)))}`
      assert.ok(!seen.has(key), `${line}: twice`)
      seen.add(key)
      family.series.push(series)
    }
  }
  for (const [name, { type, series }] of parsed) {
    assert.ok(series.length > 0, `${name} has no series`)
    assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`)
    if (type === 'histogram') checkHistogram(name, series)
  }
  return parsed
}

function seriesIn(line: string): Series {
  const name = NAME.exec(line)?.[0] ?? assert.fail(`${line}: no name`)
  const labels = new Map<string, string>()
  let at = name.length
  if (line[at] === '{') {
    for (at += 1; line[at] !== '}'; ) {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,(?!\})|(?=\}))/.exec(line.slice(at))
      assert.ok(label !== null, `${line}: no label at ${at}`)
      const [whole, key = '', text = ''] = label
      assert.ok(!labels.has(key), `${line}: label ${key} twice`)
      const letters: Readonly<Record<string, string>> = { n: '\n', '\\': '\\', '"': '"' }
      labels.set(
        key,
        text.replaceAll(/\\(.)/g, (_, letter: string) => letters[letter] ?? ''),
      )
      at += whole.length
    }
    at += 1
  }
  const value = /^ (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(line.slice(at))?.[1]
  assert.ok(value !== undefined, `${line}: no value`)
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

function checkHistogram(name: string, series: readonly Series[]): void {
  const groups = new Map<
    string,
    { buckets: (readonly [bound: number, count: number])[]; sum?: number; count?: number }
  >()
  for (const { name: own, labels, value } of series) {
    const key = JSON.stringify([...labels].filter(([label]) => label !== 'le'))
    const group = groups.get(key) ?? { buckets: [] }
    groups.set(key, group)
    if (own === `${name}_sum`) group.sum = value
    else if (own === `${name}_count`) group.count = value
    else group.buckets.push([Number(labels.get('le')?.replace('Inf', 'Infinity')), value])
  }
  for (const [key, { buckets, sum, count }] of groups) {
    const rises = buckets.every(([bound, own], i) => {
      const [before, less] = buckets[i - 1] ?? [Number.NEGATIVE_INFINITY, 0]
      return bound > before && own >= less
    })
    assert.ok(rises, `${name} ${key} does not rise`)
    assert.deepEqual(buckets.at(-1), [Number.POSITIVE_INFINITY, count], `${name} ${key} has another count`)
    assert.ok(sum !== undefined, `${name} ${key} has no sum`)
  }
}
