import type { PostgresResults, Results } from './results.ts'
import { splitRows, stormRows } from './split.ts'

/** How many listeners hear each event of the table. */
const LISTENERS = 3

/** docs/scale.md with the tables that follow from measurements and simulations, between comments with their names. */
export function scalePage(page: string, results: Results): string {
  const tables = { measured: measuredRows(results), split: splitRows(), storm: stormRows() }
  return Object.entries(tables).reduce((text, [name, rows]) => {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [before, rest] = text.split(begin)
    const after = rest?.split(end)[1]
    if (before === undefined || after === undefined) throw new Error(`docs/scale.md has no place for ${name}`)
    return [before, begin, '\n', ...rows.map((row) => `${row}\n`), end, after].join('')
  }, page)
}

function measuredRows({ cases, postgres }: Results): string[] {
  const header = [
    `| events/s | in a folder: of its rate | in PostgreSQL: of its rate | processors of the server | of the agents, with ${LISTENERS} listeners | disk a day |`,
    '|---|---|---|---|---|---|',
  ]
  if (postgres === undefined) return header
  const hundreds = '100 drafts an accept, 16 in flight'
  const folder = rateOf(cases, `${hundreds}, end to end`)
  const server = rateOf(postgres.cases, `${hundreds}, one agent`)
  const { accepted, delivered, disk } = postgres.costs
  const rows = [1000, 20_000, 200_000].map((rate) => {
    const processors = (of: 'server' | 'agent'): string =>
      ((rate * (accepted[of] + LISTENERS * delivered[of])) / 1e6).toFixed(1)
    const share = (of: number): string => `${((100 * rate) / of).toFixed(0)} %`
    const gigabytes = (rate * 86_400 * (disk.event + disk.identity)) / 1e9
    return `| ${[rate, share(folder), share(server), processors('server'), processors('agent'), `${gigabytes.toFixed(0)} GB`].join(' | ')} |`
  })
  return [...header, ...rows, ...(loaded(postgres) === '' ? [] : ['', loaded(postgres)])]
}

/** A warning, if other work kept the machine busy. */
export function loaded({ load, processors }: Pick<PostgresResults, 'load' | 'processors'>): string {
  if (load < processors / 2) return ''
  return `**Measured beside other work (load ${load.toFixed(0)} on ${processors} processors): rates are too low, times and costs too high.**`
}

function rateOf(cases: PostgresResults['cases'], name: string): number {
  const found = cases.find((each) => each.name === name)
  if (found === undefined) throw new Error(`nothing has measured "${name}"`)
  return found.ours
}
