import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { peersPicture, peersSection } from './peers-page.ts'
import { plot } from './plot.ts'
import type { Measured, Point, PostgresResults, Profile, Results } from './results.ts'
import { loaded, scalePage } from './scale-page.ts'

const KEPT = new URL('results.json', import.meta.url)
const PAGE = new URL('../../docs/performance.md', import.meta.url)
const SCALE = new URL('../../docs/scale.md', import.meta.url)
const PICTURE = new URL('../../docs/growth.svg', import.meta.url)
const PEERS_PICTURE = new URL('../../docs/peers.svg', import.meta.url)

/** Stores these results beside those of the other script, and writes docs/performance.md from both. */
export function writePage(news: Partial<Results>): void {
  const before: Results = existsSync(KEPT)
    ? (JSON.parse(readFileSync(KEPT, 'utf8')) as Results)
    : { cases: [], rounds: 0, growth: [], profiles: [], machines: {} }
  const here = `Node ${process.version} on ${cpus().length} × ${cpus()[0]?.model ?? 'an unknown processor'}`
  const measured = Object.keys(news).filter((part) => part !== 'rounds')
  const machines = Object.fromEntries(measured.map((part) => [part, here]))
  const results = { ...before, ...news, machines: { ...before.machines, ...machines } }
  writeFileSync(KEPT, `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(PICTURE, picture(results.growth))
  if (results.peers !== undefined) writeFileSync(PEERS_PICTURE, peersPicture(results.peers))
  writeFileSync(PAGE, performancePage(results))
  writeFileSync(SCALE, scalePage(readFileSync(SCALE, 'utf8'), results))
}

/** docs/performance.md. What was not measured yet has no section. */
export function performancePage({ cases, rounds, growth, profiles, postgres, peers, machines }: Results): string {
  return `# How fast it is

Written by \`npm run bench\`, \`npm run bench:growth\`, \`npm run bench:postgres\` and \`npm run bench:peers\` (which compares
with other systems), each with \`-- --write\`; do not edit. Compare the ratios only: rates differ from machine to machine
and from run to run. All writes are synced to disk, events have about 260 bytes, and the index of types is on.

## Side by side

Each line is the median of ${rounds} rounds in one process, in turns with its reference, mostly the bare store with the same
keys and options. ${measuredOn(machines.cases)}

| case | reference | figure | goal | rate, 1/s | reference rate, 1/s |
|---|---|---|---|---|---|
${cases.map(caseRow).join('\n')}

## Where the time goes

Shares of the main thread in one run of each case, by the sampling profiler of V8 (\`npm run bench:profile\`).
Decision 0088 has what was tried to come nearer to the limit.
${measuredOn(machines.profiles)}

| part | ${profiles.map(({ name }) => name).join(' | ')} |
|---|${profiles.map(() => '---|').join('')}
${profileRows(profiles).join('\n')}

## As the log grows

One log is measured while it grows. New events come 100 an accept, with 16 accepts in flight. Duplicates of random events
come in one accept of 100 after another, and are compared with bare \`getSync\` calls on the same compacted store. Memory is
the anonymous memory of a process that reopened the log and is idle, minus that of the same process before \`openLog\`.
${measuredOn(machines.growth)}

![New events and duplicates a second as the log grows](growth.svg)

| stored | new events, 1/s | relative to 100 k | duplicates, 1/s | bare getSync, 1/s | duplicates, ratio | on disk | reopening, to the first receipt | memory |
|---|---|---|---|---|---|---|---|---|
${growth.map((point) => growthRow(point, growth)).join('\n')}
${postgres === undefined ? '' : sectionOf(postgres, machines.postgres)}${peers === undefined ? '' : peersSection(peers, measuredOn(machines.peers))}`
}

function measuredOn(machine = 'an unknown machine'): string {
  return `Measured with ${machine}.`
}

function sectionOf(results: PostgresResults, machine: string | undefined): string {
  const { cases, rounds, times, costs } = results
  const { events, accepted, delivered, disk } = costs
  const warning = loaded(results)
  const time = ({ name, hope, count: of, p50, p99 }: PostgresResults['times'][number]): string =>
    `| ${name} | ${of} | **${p50.toFixed(1)} ms** | ${p99.toFixed(1)} ms | ${hope} |`
  return `
## In PostgreSQL

Logs in a server of their own on the same machine, agents and all. The raw statements write the same rows to the same
tables: the event, its identity, and the end of the log. Rounds: ${rounds}; the median is shown.
${measuredOn(machine)}

${warning === '' ? '' : `${warning}\n\n`}| case | reference | figure | goal | rate, 1/s | reference rate, 1/s |
|---|---|---|---|---|---|
${cases.map(caseRow).join('\n')}

| time | measured | half within | 99 % within | goal |
|---|---|---|---|---|
${times.map(time).join('\n')}

What an event costs, on average of ${count(events)}, accepted by hundreds and delivered to one listener:

| | server | agent |
|---|---|---|
| processor time to accept it | ${accepted.server.toFixed(0)} µs | ${accepted.agent.toFixed(0)} µs |
| processor time to deliver it to one listener | ${delivered.server.toFixed(0)} µs | ${delivered.agent.toFixed(0)} µs |
| its body, with indexes | ${disk.event.toFixed(0)} bytes | |
| its identity, with its index | ${disk.identity.toFixed(0)} bytes | |
| write-ahead log | ${disk.journal.toFixed(0)} bytes | |
`
}

function caseRow({ name, against, figure, hope, ours, reference }: Measured): string {
  const rates = `${ours.toFixed(ours < 100 ? 1 : 0)} | ${reference.toFixed(reference < 100 ? 1 : 0)}`
  return `| ${name} | ${against} | **${figure}** | ${hope} | ${rates} |`
}

function growthRow(point: Point, all: readonly Point[]): string {
  const { stored, accepted, duplicates, lookUps, disk, reopened, memory } = point
  const mega = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
  const base = all.find((each) => each.stored === 1e5)?.accepted ?? accepted
  const ratio = (duplicates / lookUps).toFixed(2)
  return [
    '',
    count(stored),
    Math.round(accepted),
    `${(accepted / base).toFixed(2)} ×`,
    Math.round(duplicates),
    Math.round(lookUps),
    `${ratio} ×`,
    mega(disk),
    `${reopened.toFixed(0)} ms`,
    mega(memory),
    '',
  ]
    .join(' | ')
    .trim()
}

function profileRows(profiles: readonly Profile[]): string[] {
  const parts = [...new Set(profiles.flatMap(({ shares }) => shares.map(({ part }) => part)))]
  const cell = ({ shares }: Profile, part: string): string =>
    `${(100 * (shares.find((each) => each.part === part)?.share ?? 0)).toFixed(0)} %`
  return parts.map((part) => `| ${part} | ${profiles.map((each) => cell(each, part)).join(' | ')} |`)
}

function count(events: number): string {
  return events >= 1e6 ? `${events / 1e6} M` : `${events / 1e3} k`
}

function picture(growth: readonly Point[]): string {
  const line = (name: string, of: (point: Point) => number) => ({
    name,
    points: growth.map((point): [number, number] => [point.stored, of(point)]),
  })
  return plot({
    title: 'Events a second, by how many are stored',
    x: count,
    lines: [
      line('new', ({ accepted }) => accepted),
      line('duplicates', ({ duplicates }) => duplicates),
      line('raw getSync', ({ lookUps }) => lookUps),
    ],
  })
}
