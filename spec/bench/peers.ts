// Measures Tidings beside other systems that it may replace, each in a process of its own. Installs them in a temporary
// folder, with the programs of Debian that they need. `--events N` (default 50000), `--rounds N` (default 3), `--only
// WORDS`, `--json`, `--write` to docs/performance.md, `--packages FOLDER` to install them there and to keep them.
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compile } from '../support/compile.ts'
import { quantile } from './measure.ts'
import { writePage } from './page.ts'
import { type Contestant, contestants } from './peers/contestants.ts'
import { type Installed, install } from './peers/install.ts'
import type { Round } from './peers/peer.ts'
import { runRound } from './peers/run-round.ts'
import type { PeerResults, PeersResults } from './results.ts'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    packages: { type: 'string' },
  },
})
const rounds = Number(values.rounds)

/** What is known of one system so far. */
interface Entry {
  readonly contestant: Contestant
  readonly rounds: (Round & { readonly server: string })[]
  installed?: Installed
  failure?: string
}

const load = loadavg()[0] as number
const entries: readonly Entry[] = contestants
  .filter(({ name }) => name.toLowerCase().includes((values.only ?? '').toLowerCase()))
  .map((contestant) => ({ contestant, rounds: [] }))

const over = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => over.abort())
const folder = values.packages === undefined ? mkdtempSync(join(tmpdir(), 'tidings-peers-')) : resolve(values.packages)
const program = join(import.meta.dirname, 'peers/child.ts')
const compiled = await compile([program])
try {
  for (const entry of entries)
    await attempt(entry, 'installing', async () => {
      entry.installed = await install(entry.contestant, folder, over.signal)
    })
  // In turns, so that other load on the machine affects all of them.
  for (let round = 0; round < rounds; round++)
    for (const entry of entries)
      await attempt(entry, `round ${round + 1}`, async () => {
        const how = { child: compiled.of(program), events: eventsOf(entry.contestant), stop: over.signal }
        entry.rounds.push(await runRound(entry.contestant, entry.installed as Installed, how))
      })
} finally {
  compiled.remove()
  if (values.packages === undefined) rmSync(folder, { recursive: true, force: true })
}
if (!over.signal.aborted) report()
else process.exitCode = 1

/** Does a step of one system. If it fails, the others continue without it. */
async function attempt(entry: Entry, step: string, work: () => Promise<void>): Promise<void> {
  if (entry.failure !== undefined || over.signal.aborted) return
  process.stderr.write(`${entry.contestant.name}: ${step} …\n`)
  try {
    await work()
  } catch (error) {
    const lines = String((error as { stderr?: string }).stderr || error).split('\n')
    entry.failure = lines.find((line) => /error/i.test(line)) ?? (lines[0] as string)
    process.stderr.write(`${entry.contestant.name}: ${lines.join('\n')}\n`)
  }
}

function eventsOf({ share }: Contestant): number {
  return Math.ceil(Number(values.events) * share)
}

function report(): void {
  const results: PeersResults = { peers: entries.map(resultsOf), rounds, load, processors: cpus().length }
  if (values.json) console.log(JSON.stringify(results, null, 2))
  else console.table(results.peers.map(shown))
  if (values.write && values.only === undefined) writePage({ peers: results })
}

function resultsOf({ contestant, rounds, installed, failure }: Entry): PeerResults {
  const { name, how } = contestant
  const version = [installed?.version, rounds[0]?.server].filter(Boolean).join(', ')
  const about = { name, how, version, events: eventsOf(contestant) }
  if (failure !== undefined) return { ...about, failure }
  const median = (of: (round: Round) => number): number => quantile(rounds.map(of), 0.5)
  return {
    ...about,
    accepted: median(({ accepted }) => accepted),
    duplicates: median(({ duplicates }) => duplicates),
    delivered: median(({ delivered }) => delivered),
    memory: median(({ memory }) => memory),
    waits: contestant.rates.map((rate, i) => ({
      rate,
      reached: median(({ waits }) => waits[i]?.reached as number),
      p50: median(({ waits }) => waits[i]?.p50 as number),
      p99: median(({ waits }) => waits[i]?.p99 as number),
    })),
  }
}

/** The columns that fit on a terminal. */
function shown(results: PeerResults): object {
  const { name, version, events } = results
  if ('failure' in results) return { name, version, events, failure: results.failure }
  const { accepted, duplicates, delivered, memory, waits } = results
  return {
    name,
    version,
    events,
    new: Math.round(accepted),
    duplicates: Math.round(duplicates),
    delivered: Math.round(delivered),
    'memory MB': Math.round(memory / 1e6),
    ...Object.fromEntries(waits.map(({ rate, p99 }) => [`p99 ms at ${rate}/s`, p99.toFixed(1)])),
  }
}
