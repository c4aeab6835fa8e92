// Measures every case in turns with its reference, in one process, and prints ratios: rates of different runs or machines
// can't be compared. `--rounds N` (default 5), `--json`, `--only WORDS`, `--write` to docs/performance.md.
import { parseArgs } from 'node:util'
import { type Case, cases } from './cases.ts'
import { writePage } from './page.ts'
import type { Measured } from './results.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)

const measured: Measured[] = []
for (const each of cases.filter(({ name }) => name.includes(values.only))) {
  process.stderr.write(`${each.name} …\n`)
  measured.push(await measure(each))
}
if (values.json) console.log(JSON.stringify(measured, null, 2))
else
  console.table(
    measured.map(({ name, figure, hope, ours, reference }) => ({
      name,
      figure,
      hope,
      ours: Math.round(ours),
      reference: Math.round(reference),
    })),
  )
if (values.write) writePage({ cases: measured, rounds })

async function measure({ name, against, hope, figure, ours, reference }: Case): Promise<Measured> {
  const pairs: { ours: number; reference: number }[] = []
  for (let round = 0; round < rounds; round++) {
    // In turns, each first in every other round, so that other load on the machine affects both.
    const first = round % 2 === 0
    const before = first ? await ours() : await reference()
    const after = first ? await reference() : await ours()
    pairs.push(first ? { ours: before, reference: after } : { ours: after, reference: before })
  }
  const value = median(pairs.map((pair) => figure.of(pair.ours, pair.reference)))
  return {
    name,
    against,
    hope,
    figure: `${value.toFixed(2)} ${figure.unit}`,
    ours: median(pairs.map((pair) => pair.ours)),
    reference: median(pairs.map((pair) => pair.reference)),
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] as number
}
