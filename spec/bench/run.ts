// Measures every case in turns with its reference, in one process, and prints ratios: figures of two runs, or of two
// machines, can't be compared. `--rounds N` (default 5), `--json`, `--only WORDS`, `--write`: docs/performance.md.
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type Case, cases } from './cases.ts'

interface Result {
  readonly name: string
  readonly against: string
  readonly atLeast: number
  /** The median of the rounds' ratios. */
  readonly ratio: number
  /** The median rates, in events a second. */
  readonly ours: number
  readonly reference: number
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)

const results: Result[] = []
for (const each of cases.filter(({ name }) => name.includes(values.only))) {
  process.stderr.write(`${each.name} …\n`)
  results.push(await measure(each))
}
if (values.json) console.log(JSON.stringify(results, null, 2))
else
  console.table(
    results.map((result) => ({
      ...result,
      ratio: result.ratio.toFixed(2),
      ours: Math.round(result.ours),
      reference: Math.round(result.reference),
    })),
  )
if (values.write) writeFileSync(new URL('../../docs/performance.md', import.meta.url), page(results))

async function measure({ name, against, atLeast, ours, reference }: Case): Promise<Result> {
  const pairs: { ours: number; reference: number }[] = []
  for (let round = 0; round < rounds; round++) {
    // In turns, and each first in every other round: what the machine does meanwhile hits both.
    const first = round % 2 === 0
    const before = first ? await ours() : await reference()
    const after = first ? await reference() : await ours()
    pairs.push(first ? { ours: before, reference: after } : { ours: after, reference: before })
  }
  return {
    name,
    against,
    atLeast,
    ratio: median(pairs.map((pair) => pair.ours / pair.reference)),
    ours: median(pairs.map((pair) => pair.ours)),
    reference: median(pairs.map((pair) => pair.reference)),
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] as number
}

function page(all: readonly Result[]): string {
  const row = ({ name, against, atLeast, ratio, ours, reference }: Result): string =>
    `| ${name} | ${against} | **${ratio.toFixed(2)} ×** | ${atLeast} × | ${Math.round(ours)} | ${Math.round(reference)} |`
  return [
    '# How fast it is',
    '',
    'Written by `npm run bench -- --write`; do not edit. Ratios come first, since figures of two machines, or of two runs,',
    `can't be compared. Each is the median of ${rounds} rounds in one process, in turns with its reference. All writes are`,
    'synced to disk; events are about 260 bytes; the index of types is on.',
    '',
    '| what | against | ratio | hoped for | events a second | reference |',
    '|---|---|---|---|---|---|',
    ...all.map(row),
    '',
    `Node ${process.version} on ${cpus().length} × ${cpus()[0]?.model ?? 'an unknown processor'}.`,
    '',
  ].join('\n')
}
