import { bars } from './bars.ts'
import type { MeasuredPeer, PeerResults, PeersResults } from './results.ts'
import { loaded } from './scale-page.ts'

/** The section of docs/performance.md about other systems. `machine`: the sentence that says where it was measured. */
export function peersSection(results: PeersResults, machine: string): string {
  const { peers, rounds } = results
  const warning = loaded(results)
  return `
## Beside other systems

Each system accepts a draft once by its type and identifier, answers once the disk has it, and delivers each event to one
listener in the same process, until the last ack is on the disk too. The events come first, then the same ones again. Each
runs alone, in a process of its own, on an empty store. Rounds: ${rounds}; the median is shown.
${machine}

${warning === '' ? '' : `${warning}\n\n`}![New, duplicate and delivered events a second of each system](peers.svg)

| system | events | new, 1/s | duplicates, 1/s | delivered and acked, 1/s | publish → handler, 99 % within | memory |
|---|---|---|---|---|---|---|
${peers.map(row).join('\n')}

The time from publish to handler is that of single events at a steady rate. Memory is the anonymous memory after the last
such rate, of the process with its runtime and of the server together, without shared buffers.

${peers.map(({ name, version, how }) => `- **${name}**${version === '' ? '' : ` ${version}`}: ${how}.`).join('\n')}
`
}

/** The rates of each system as a picture. */
export function peersPicture({ peers }: PeersResults): string {
  return bars({
    title: 'Events a second, on a logarithmic axis',
    kinds: ['new', 'duplicates', 'delivered'],
    groups: peers.filter(isMeasured).map(({ name, accepted, duplicates, delivered }) => ({
      name,
      values: [accepted, duplicates, delivered],
    })),
  })
}

function isMeasured(results: PeerResults): results is MeasuredPeer {
  return !('failure' in results)
}

function row(results: PeerResults): string {
  const { name, events } = results
  if (!isMeasured(results)) return `| ${name} | ${events} | not measured: ${results.failure} | | | | |`
  const { accepted, duplicates, delivered, memory, waits } = results
  const rates = [accepted, duplicates, delivered].map((rate) => rate.toFixed(0))
  const times = waits.map(({ rate, reached, p99 }) => {
    const shortfall = reached < 0.95 * rate ? `, of which ${reached.toFixed(0)} came` : ''
    return `${p99.toFixed(1)} ms at ${rate}/s${shortfall}`
  })
  return `| ${[name, events, ...rates, times.join('; '), `${(memory / 1e6).toFixed(0)} MB`].join(' | ')} |`
}
