import { TidingsError } from '../../core/errors.ts'
import type { ConsumerInfo, Log } from '../../log/port.ts'
import { shardPlace } from '../../log/shards.ts'
import { type Reset, type ResetAnswer, settledBefore } from '../operations/listeners.ts'
import type { ParkedAnswer } from '../operations/parked.ts'
import type { PauseAnswer } from '../operations/pausing.ts'
import type { ReplayAnswer } from '../operations/replay.ts'
import type { HeldParts } from '../run/agent-row.ts'
import type { DeliveryRow } from '../run/recent-deliveries.ts'

/** How an operation on a shared listener is carried out: what is asked of whom, and what the answers say together. */
export interface OverShards {
  readonly log: Log
  readonly info: ConsumerInfo
  /** Asks the agent that has a shard, or this process if none has it. */
  ask(shard: string, args: readonly unknown[]): Promise<unknown>
  /** Asks each agent that runs the listener, or this process if none does. */
  askAll(args: readonly unknown[]): Promise<readonly unknown[]>
  /** Asks one of these agents. */
  askOne(args: readonly unknown[]): Promise<unknown>
}

type Operation = (over: OverShards, args: readonly unknown[]) => Promise<unknown>

/** Each operation on a listener that only agents that handle it can carry out. */
export const overShards: Readonly<Record<string, Operation>> = {
  'listeners.pause': paused,
  'listeners.resume': paused,
  'listeners.rename': ({ askOne }, args) => askOne(args),
  'listeners.deliveries': async ({ askAll }, args) => {
    const rows = ((await askAll(args)) as DeliveryRow[][]).flat()
    const { limit } = (args[1] ?? {}) as { readonly limit?: number }
    return rows.toSorted((a, b) => (a.at > b.at ? -1 : a.at < b.at ? 1 : b.seq - a.seq)).slice(0, limit)
  },
  'listeners.reset': reset,
  'parked.retry': taken,
  'parked.drop': taken,
  // One after the other: they note what was told in the same values.
  'replay.tell': async ({ info, ask }, [, ...rest]) => {
    const answers: ReplayAnswer[] = []
    for (const { name } of info.shards ?? []) answers.push((await ask(name, [name, ...rest])) as ReplayAnswer)
    return {
      told: answers.flatMap(({ told }) => told).toSorted((a, b) => a - b),
      waiting: answers.reduce((sum, { waiting }) => sum + waiting, 0),
      running: answers.some(({ running }) => running),
    } satisfies ReplayAnswer
  },
}

async function paused({ askAll }: OverShards, args: readonly unknown[]): Promise<PauseAnswer> {
  const answers = (await askAll(args)) as readonly PauseAnswer[]
  return { ...(answers[0] as PauseAnswer), changed: answers.some(({ changed }) => changed) }
}

// The whole decides, and then each shard moves that is not there yet.
async function reset({ log, info, ask }: OverShards, args: readonly unknown[]): Promise<ResetAnswer> {
  const { to, passOver = false } = args[1] as Reset
  const { name, cursor: before } = info
  const cursor = await settledBefore(log, to)
  const moved = cursor < before || (cursor > before && passOver)
  const shard = { to: String(cursor + 1), passOver: cursor > before } satisfies Reset
  if (moved) await Promise.all((info.shards ?? []).map((each) => ask(each.name, [each.name, shard])))
  return { name, before, cursor, moved }
}

async function taken(
  { info, ask }: OverShards,
  [, ...rest]: readonly unknown[],
): Promise<readonly number[] | ParkedAnswer> {
  const [, match] = rest as [number | undefined, object | undefined]
  const isMatch = Object.values(match ?? {}).some((part) => part !== undefined && part !== null)
  const all = await Promise.all((info.shards ?? []).map(({ name }) => takenAll(isMatch, name, rest, ask)))
  if (!isMatch) return (all as (readonly number[])[]).flat().toSorted((a, b) => a - b)
  const answers = all as readonly ParkedAnswer[]
  const sum = (of: (answer: ParkedAnswer) => number): number => answers.reduce((total, each) => total + of(each), 0)
  return {
    listener: info.name,
    count: sum(({ count }) => count),
    dryRun: answers.some(({ dryRun }) => dryRun),
    scanned: sum(({ scanned }) => scanned),
  }
}

// A seq does not tell how far each shard was looked at: so each is looked at to its end.
async function takenAll(
  isMatch: boolean,
  shard: string,
  [seq, match, ...rest]: readonly unknown[],
  ask: OverShards['ask'],
): Promise<unknown> {
  if (!isMatch) return ask(shard, [shard, seq, match, ...rest])
  let [count, scanned] = [0, 0]
  for (let after = (match as { readonly after?: number }).after; ; ) {
    const answer = (await ask(shard, [shard, seq, { ...(match as object), after }])) as ParkedAnswer
    count += answer.count
    scanned += answer.scanned
    if (answer.next === undefined) return { ...answer, count, scanned }
    after = answer.next
  }
}

/** Whether an agent has a part: a job, a listener, or the shard of one. */
export function hasPart(held: HeldParts, kind: 'job' | 'listener', name: string): boolean {
  if (kind === 'job') return held.jobs.includes(name)
  const place = shardPlace(name)
  if (place === undefined) return held.listeners.includes(name)
  return held.shards?.[place.whole]?.includes(place.index) === true
}

/** @throws TidingsError `TIDINGS_LOG_LOCKED` unless an agent has a part, or runs a listener that is shared */
export function refuseUnlessHere(held: HeldParts, kind: 'job' | 'listener', name: string): void {
  if (hasPart(held, kind, name) || (kind === 'listener' && held.shards?.[name] !== undefined)) return
  throw hadByAnother(name)
}

/** The error of what is asked of an agent that has the part no longer. */
export function hadByAnother(name: string): TidingsError {
  const words = `another agent has ${JSON.stringify(shardPlace(name)?.whole ?? name)} now`
  return new TidingsError('TIDINGS_LOG_LOCKED', words)
}
