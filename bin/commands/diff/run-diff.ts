import { listeningAgent, simulated, type Timeline } from '../../../lib/cli.ts'
import type { Agent, StoredEvent } from '../../../lib/index.ts'
import { exitCodes, Failure, UsageError } from '../../cli/errors.ts'
import { askAt } from '../../logs/ask-log.ts'
import { logOfCode } from '../../logs/log-of-code.ts'
import type { LogCommandOptions } from '../../logs/which-log.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine, printNote } from '../../print/print.ts'
import { atRevision } from '../../user/at-revision.ts'
import { findFile } from '../../user/find-file.ts'
import { surviveErrors } from '../../user/guards.ts'
import { loadAgent } from '../../user/load-agent.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'
import { searchOf } from '../events/search.ts'
import { loadWorld, type SimulationOptions, simulationOf } from '../simulate/simulation.ts'

/** Options of `tidings diff`. */
interface DiffOptions extends SimulationOptions, CodeOptions, LogCommandOptions {
  readonly _: readonly string[]
  readonly recorded?: boolean | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}

/** How long the events of a log may have consequences, in ms: retries, digests. */
const AFTER = 86_400_000

/** Compares two versions of an agent, and prints what differs; resolves to the exit code. */
export async function runDiff(options: DiffOptions): Promise<number> {
  const [revisions = '', file = ''] = options._
  const [, old = '', now = ''] = /^(.+?)\.\.(.*)$/.exec(revisions) ?? []
  if (old === '')
    throw new UsageError(`REVISIONS must be two revisions such as HEAD~3..HEAD, got ${JSON.stringify(revisions)}`)
  const path = findFile(file)
  const { logger } = await surroundings(options)
  surviveErrors(logger)
  const story = await storyOf(path, options)
  const before = await timelineAt(path, old, story)
  const after = await timelineAt(path, now, story)
  const differences = after.diff(before)
  if (options.json) printJson({ from: before.counts, to: after.counts, differences })
  else
    for (const { change, what, words } of differences) printLine(`${change === 'added' ? '+' : '-'} ${what} ${words}`)
  printNote(differences.length === 0 ? 'no difference' : plural(differences.length, 'difference'))
  return differences.length === 0 ? exitCodes.ok : exitCodes.failed
}

/** Simulates one version of the agent. */
type Story = (agent: Agent) => Promise<Timeline>

// Each simulation gets a world of its own.
async function storyOf(file: string, options: DiffOptions): Promise<Story> {
  if (options.recorded === true) return recordedStory(file, options)
  if (options.since !== undefined || options.until !== undefined)
    throw new UsageError('--since and --until say which events of the log count: add --recorded')
  const simulation = simulationOf(options)
  return async (agent) => (await simulated(agent, { ...simulation, world: await loadWorld(options.world) })).timeline
}

async function recordedStory(file: string, options: DiffOptions): Promise<Story> {
  const acts = options.world !== undefined
  const { since, until, seed } = options
  const stored = await askAt(await logOfCode(await loadAgent(file), options), ({ events }) =>
    toArray(events.list(searchOf({ since, until }))),
  )
  const events = stored.filter((event) => comesFromOutside(event, acts))
  if (events.length === 0) throw new Failure('the log has no such events to compare with')
  const times = events.map(({ created }) => created)
  const from = times.reduce((one, other) => Math.min(one, other))
  const to = times.reduce((one, other) => Math.max(one, other))
  return async (agent) => {
    const simulation = { from: new Date(from), for: to - from + AFTER, seed, world: await loadWorld(options.world) }
    return (await simulated(() => listeningAgent(agent, acts), simulation, events)).timeline
  }
}

// What handlers publish, and what the engine says about listeners, happens again by itself if handlers act.
function comesFromOutside({ type, cause }: StoredEvent, acts: boolean): boolean {
  return !type.startsWith('tidings.listener.') && (!acts || cause === undefined)
}

async function toArray<T>(all: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = []
  for await (const each of all) items.push(each)
  return items
}

async function timelineAt(file: string, revision: string, story: Story): Promise<Timeline> {
  const version = revision === '' ? undefined : await atRevision(file, revision)
  try {
    return await story(await loadAgent(version?.path ?? file))
  } finally {
    version?.remove()
  }
}
