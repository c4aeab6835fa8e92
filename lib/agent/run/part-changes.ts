import { formatDuration } from '../../core/duration.ts'
import { predicateOf } from '../../filter/where.ts'
import type { Job } from '../../job/job.ts'
import type { Listener } from '../../listener/listener.ts'
import { scheduleWords } from '../../schedule/schedule.ts'
import type { Agent } from '../define/agent.ts'

/** How a job or a listener differs between two versions of an agent, as JSON. */
export interface PartChange {
  /** What it is. */
  readonly part: 'job' | 'listener'
  /** Its name in the newer version; for one that was removed, its name. */
  readonly name: string
  /** What became of it. `renamed`: it takes over from an older name, by `formerly`. */
  readonly change: 'added' | 'removed' | 'renamed' | 'changed'
  /** The older name of a renamed part. */
  readonly formerly?: string
  /** Where an added listener begins: `now`, `start`, a time or a seq; `cursor`: the log knows it, and it continues. */
  readonly from?: string
  /** What differs; absent for an added or removed part. */
  readonly differences?: readonly Difference[]
}

/** One difference of a part. */
export interface Difference {
  /** `schedule`, `types`, `pipe`, `code`, or the name of an option. */
  readonly what: string
  /** The older value, in words; absent for code. */
  readonly before?: string
  /** The newer value, in words; absent for code. */
  readonly after?: string
}

/**
 * The differences between two versions of an agent, jobs first, as far as they can be seen from outside: a function is
 * compared by its source, so a change in what it calls, or in the function of an rxjs operator, is not among them.
 *
 * @param known the listeners that the log knows
 */
export function partChanges(
  before: Pick<Agent, 'jobs' | 'listeners'>,
  after: Pick<Agent, 'jobs' | 'listeners'>,
  known: ReadonlyMap<string, unknown> = new Map(),
): readonly PartChange[] {
  const from = ({ name, settings }: Listener): { readonly from: string } => ({
    from: known.has(name) ? 'cursor' : instant(settings.from),
  })
  return [
    ...changesOf('job', before.jobs, after.jobs, jobFacts, () => ({})),
    ...changesOf('listener', before.listeners, after.listeners, listenerFacts, from),
  ]
}

/** What a part is, in words, by what it is called. Undefined: not set. */
type Facts = ReadonlyMap<string, string | undefined>

function changesOf<P extends Job | Listener>(
  part: PartChange['part'],
  before: readonly P[],
  after: readonly P[],
  facts: (part: P) => Facts,
  origin: (added: P) => Pick<PartChange, 'from'>,
): readonly PartChange[] {
  const older = new Map(before.map((each) => [each.name, each]))
  const kept = new Set(after.map(({ name }) => name))
  const changes = after.flatMap((each): readonly PartChange[] => {
    const { name, settings } = each
    const same = older.get(name)
    const former = settings.formerly === undefined || kept.has(settings.formerly) ? '' : settings.formerly
    const was = same ?? older.get(former)
    if (was === undefined) return [{ part, name, change: 'added', ...origin(each) }]
    older.delete(was.name)
    const differences = compared(facts(was), facts(each))
    if (same === undefined) return [{ part, name, change: 'renamed', formerly: former, differences }]
    return differences.length === 0 ? [] : [{ part, name, change: 'changed', differences }]
  })
  const removed = [...older.keys()].map((name): PartChange => ({ part, name, change: 'removed' }))
  return [...changes, ...removed]
}

function compared(before: Facts, after: Facts): readonly Difference[] {
  return [...after.keys()]
    .filter((what) => before.get(what) !== after.get(what))
    .map((what) =>
      CODE.has(what) ? { what } : { what, before: words(before.get(what)), after: words(after.get(what)) },
    )
}

/** What is compared as source: too long to print. */
const CODE = new Set(['code', 'pipe'])

function words(value: string | undefined): string {
  return value ?? 'none'
}

function jobFacts({ schedule, run, settings }: Job): Facts {
  const { overlap, missed, timeout, retry, jitter, atStart, first, publishes, tags, enabled, flood } = settings
  return new Map(
    Object.entries({
      schedule: scheduleWords(schedule),
      overlap,
      missed,
      timeout: timeout === undefined ? timeout : formatDuration(timeout),
      retry: String(retry),
      jitter: formatDuration(jitter),
      atStart: String(atStart),
      first: typeof first === 'string' ? first : `tell ${first.tell}`,
      publishes: listed(publishes.map(({ type }) => type as string)),
      tags: listed(tags),
      enabled: String(enabled),
      flood: flood === false ? 'false' : `new ${flood.new}, share ${flood.share}`,
      code: String(run),
    }),
  )
}

function listenerFacts({ source, handle, settings }: Listener): Facts {
  const { shared, concurrency, ordered, attempts, backoff, timeout, crashes } = settings
  return new Map(
    Object.entries({
      types: listed(source.types ?? ['*']),
      shared: String(shared),
      concurrency: String(concurrency),
      ordered: typeof ordered === 'function' ? 'by a function' : String(ordered),
      attempts: String(attempts),
      backoff: `${formatDuration(backoff.min)} to ${formatDuration(backoff.max)}`,
      timeout: formatDuration(timeout),
      crashes: String(crashes),
      pipe: [source.match, ...source.operators].map(codeOf).join('\n'),
      code: [handle, ordered].map(codeOf).join('\n'),
    }),
  )
}

// The source of an operator made by `where` is that of rxjs; its test says what it lets pass.
function codeOf(value: unknown): string {
  return String(typeof value === 'function' ? (predicateOf(value) ?? value) : value)
}

function listed(all: readonly string[]): string | undefined {
  return all.length === 0 ? undefined : all.join(', ')
}

function instant(from: Listener['settings']['from']): string {
  return from instanceof Date ? from.toISOString() : String(from)
}
