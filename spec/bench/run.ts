// Measures every case in turns with its reference, in one process, and prints ratios: rates of different runs or machines
// can't be compared. `--rounds N` (default 5), `--json`, `--only WORDS`, `--write` to docs/performance.md.
import { parseArgs } from 'node:util'
import { cases } from './cases.ts'
import { measure, shown } from './measure.ts'
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
  measured.push(await measure(each, rounds))
}
if (values.json) console.log(JSON.stringify(measured, null, 2))
else console.table(shown(measured))
if (values.write) writePage({ cases: measured, rounds })
