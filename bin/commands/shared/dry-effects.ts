import type { DryEffect } from '../../../lib/cli.ts'
import type { DryRun } from '../../../lib/index.ts'
import { plural } from '../../print/format.ts'
import { jsonLine, print, printNote, printProblem } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { timeIn } from '../../print/times.ts'

const HEAD = ['listener', 'seq', 'status', 'type', 'identifier', 'would', 'value']

/** Prints what a job would publish, one line for each draft. Resolves to whether its run would succeed. */
export async function printDryRun({ name, drafts, error, reason }: DryRun, json: boolean): Promise<boolean> {
  const job = `job ${JSON.stringify(name)}`
  if (json)
    for (const { status, type, identifier, data } of drafts)
      await print(jsonLine({ job: name, status, type, identifier, data }))
  else {
    const rows = drafts.map(({ status, type, identifier, data }) => [name, status, type, identifier, textOf(data)])
    await printRows(['job', 'status', 'type', 'identifier', 'data'], rows)
  }
  if (reason !== undefined) printProblem(`${job} would be cancelled: ${reason}`)
  if (error !== undefined) printProblem(`${job} would fail: ${error.message}`)
  return error === undefined
}

/** What dry deliveries would have done. */
export interface DryCounts {
  /** Calls of handlers. */
  calls: number
  /** Deliveries that would fail. */
  failures: number
}

/** Prints what each delivery would do, one line for each; `json`: as JSON lines. Resolves to the counts. */
export async function printEffects(effects: AsyncIterable<DryEffect>, json: boolean): Promise<DryCounts> {
  const counts: DryCounts = { calls: 0, failures: 0 }
  async function* counted(): AsyncGenerator<DryEffect> {
    for await (const effect of effects) {
      counts.calls += effect.calls.length
      if (effect.would === 'fail') counts.failures += 1
      yield effect
    }
  }
  if (json) for await (const effect of counted()) await print(jsonLine(plain(effect)))
  else await printRows(HEAD, rowsOf(counted()))
  const failed = counts.failures === 0 ? '' : `; ${plural(counts.failures, 'delivery', 'deliveries')} would fail`
  printNote(`dry: handlers would be called ${plural(counts.calls, 'time')}${failed}; nothing was called or stored`)
  return counts
}

async function* rowsOf(effects: AsyncIterable<DryEffect>): AsyncGenerator<Row> {
  for await (const { listener, event, status, would, calls, until, error } of effects) {
    const { seq, type, identifier } = event
    const head = [listener, seq, status, type, identifier]
    if (would === 'call') for (const { value } of calls) yield [...head, 'call', textOf(value)]
    else if (would === 'wait') yield [...head, until === undefined ? 'wait' : `wait until ${timeIn(until)}`, '']
    else yield [...head, would, { words: '', why: error?.message ?? '' }]
  }
}

function plain({ calls, until, ...effect }: DryEffect): object {
  return {
    ...effect,
    ...(until === undefined ? {} : { until: iso(until) }),
    calls: calls.map(({ key, value }) => ({ key, value: jsonOf(value) })),
  }
}

const iso = (at: number): string => new Date(at).toISOString()

// A pipe may make any value.
function jsonOf(value: unknown): unknown {
  try {
    return JSON.stringify(value) === undefined ? String(value) : value
  } catch {
    return String(value)
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(jsonOf(value))
}
