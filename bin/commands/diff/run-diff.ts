import { simulated, type Timeline } from '../../../lib/cli.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine, printNote } from '../../print/print.ts'
import { atRevision } from '../../user/at-revision.ts'
import { findFile } from '../../user/find-file.ts'
import { surviveErrors } from '../../user/guards.ts'
import { loadAgent } from '../../user/load-agent.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'
import { loadWorld, type SimulationOptions, simulationOf } from '../simulate/simulation.ts'

/** Options of `tidings diff`. */
interface DiffOptions extends SimulationOptions, CodeOptions {
  readonly _: readonly string[]
  readonly json?: boolean | undefined
}

/** Compares two versions of an agent, and prints what differs; resolves to the exit code. */
export async function runDiff(options: DiffOptions): Promise<number> {
  const [revisions = '', file = ''] = options._
  const [, old = '', now = ''] = /^(.+?)\.\.(.*)$/.exec(revisions) ?? []
  if (old === '')
    throw new UsageError(`REVISIONS must be two revisions such as HEAD~3..HEAD, got ${JSON.stringify(revisions)}`)
  const path = findFile(file)
  const { logger } = await surroundings(options)
  surviveErrors(logger)
  const before = await timelineAt(path, old, options)
  const after = await timelineAt(path, now, options)
  const differences = after.diff(before)
  if (options.json) printJson({ from: before.counts, to: after.counts, differences })
  else
    for (const { change, what, words } of differences) printLine(`${change === 'added' ? '+' : '-'} ${what} ${words}`)
  printNote(differences.length === 0 ? 'no difference' : plural(differences.length, 'difference'))
  return differences.length === 0 ? exitCodes.ok : exitCodes.failed
}

// Each simulation gets a world of its own.
async function timelineAt(file: string, revision: string, options: DiffOptions): Promise<Timeline> {
  const version = revision === '' ? undefined : await atRevision(file, revision)
  try {
    const agent = await loadAgent(version?.path ?? file)
    const { timeline } = await simulated(agent, { ...simulationOf(options), world: await loadWorld(options.world) })
    return timeline
  } finally {
    version?.remove()
  }
}
