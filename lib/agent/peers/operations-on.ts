import { hostname } from 'node:os'
import { realPause } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { hasCode, TidingsError } from '../../core/errors.ts'
import { SECOND } from '../../core/time-units.ts'
import { lagOf } from '../../log/consumer/sharded-consumer.ts'
import type { ConsumerInfo, Log } from '../../log/port.ts'
import { reloads } from '../operations/agents.ts'
import { type Operations, operationsOf } from '../operations/operations.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { agentsHere } from '../run/agents-here.ts'
import { type Health, type ListenerHealth, problemsOf } from '../run/health.ts'
import type { Code } from '../run/job-code.ts'
import type { Reloaded } from '../run/reloaded.ts'
import { hadByAnother, hasPart, overShards, refuseUnlessHere } from './over-shards.ts'
import { presentAgents, SILENT } from './presence.ts'
import { askAgent } from './requests.ts'
import { surprisesOn } from './surprises.ts'

/** The operations that only the agent that drives a job, or handles a listener, can carry out: its name comes first. */
const held = {
  job: [
    'jobs.run',
    'jobs.abort',
    'jobs.dryRun',
    'jobs.pause',
    'jobs.resume',
    'jobs.reset',
    'jobs.release',
    'jobs.discard',
  ],
  listener: [
    'listeners.pause',
    'listeners.resume',
    'listeners.reset',
    'listeners.rename',
    'listeners.deliveries',
    'parked.retry',
    'parked.drop',
    'replay.tell',
  ],
} as const

/** How long a hold may take to change hands, in ms: an agent that dies is noticed, and another takes over. */
const PATIENCE = 2 * SILENT

/** The pause before a hold that is changing hands is asked for again, in ms. */
const AGAIN = SECOND / 2

/**
 * The operations on a log, from wherever they are asked. Each is carried out by the agent that holds the job or listener:
 * one in this process, or any on a log that several agents share (decision 0079); else by this process.
 */
export function operations(log: Log): Operations {
  if (log.shared) return operationsOn(log)
  const alone = operationsOf(log)
  const ofAgents = new WeakMap<AgentControl, Operations>()
  const chosen = (operation: string, part: unknown): Operations => {
    const agent = agentFor(agentsHere(log), operation, part)
    if (agent === undefined) return alone
    const known = ofAgents.get(agent) ?? operationsOf(log, agent)
    ofAgents.set(agent, known)
    return known
  }
  // Agents come and go: which one is asked is decided at each call.
  const calls = (on: object, group: string): object =>
    Object.fromEntries(
      Object.entries(on).map(([name, value]) => {
        if (typeof value !== 'function') return [name, calls(value as object, `${name}.`)]
        return [name, (...args: readonly unknown[]) => callOf(chosen(group + name, args[0]), group + name)(...args)]
      }),
    )
  return calls(alone, '') as Operations
}

// Of several agents, the one that has the part that the operation names.
function agentFor(agents: readonly AgentControl[], operation: string, part: unknown): AgentControl | undefined {
  const isOf = (names: readonly string[]): boolean => names.includes(operation)
  const kind = isOf(held.job) || operation === 'jobs.remove' ? 'job' : 'listener'
  return agents.find((agent) => typeof part === 'string' && agent[kind](part) !== undefined) ?? agents[0]
}

function callOf(on: Operations, operation: string): Call {
  const { group, method } = placeOf(operation)
  const owner = (group === undefined ? on : on[group]) as unknown as Readonly<Record<string, Call>>
  return owner[method] as Call
}

/** The same, with the agent that runs in this process. `code`: the jobs on the log, if none runs. */
export function operationsOn(log: Log, agent?: AgentControl, code?: Code): Operations {
  if (!log.shared) return operationsOf(log, agent, code)
  const all = (): Promise<Health> => shared.status()
  const own = operationsOf(log, agent, code, all)
  const { status } = own
  let shared: Operations = {
    ...own,
    agents: {
      list: () => presentAgents(log),
      surprises: () => surprisesOn(log),
      reload: async () =>
        reloads(await presentAgents(log), (row) => askAgent(log, row, 'reload', []) as Promise<Reloaded>),
    },
    status: async () => merged(log, agent === undefined ? undefined : await status(), status),
  }
  for (const kind of ['job', 'listener'] as const)
    for (const name of held[kind]) shared = routed(shared, name, { log, kind, agent })
  return shared
}

/**
 * Calls an operation of an agent by its name, such as `jobs.run`.
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED` when another agent has the job or listener by now
 */
export async function carryOut(
  on: Operations,
  agent: AgentControl,
  name: string,
  args: readonly unknown[],
): Promise<unknown> {
  const [isOfJob, isOfListener] = [held.job, held.listener].map((names: readonly string[]) => names.includes(name))
  const isOfPart = isOfJob || isOfListener
  if (!isOfPart && name !== 'status' && name !== 'reload') throw new Error(`an agent can't be asked for ${name}`)
  if (isOfPart) refuseUnlessHere(agent.held(), isOfJob ? 'job' : 'listener', String(args[0]))
  try {
    return await callOf(on, name)(...args)
  } catch (error) {
    // Another agent took the listener in between: what was asked was refused, and may be asked of that one.
    if (isOfListener && hasCode(error, 'TIDINGS_LOG_CLOSED')) throw hadByAnother(String(args[0]))
    throw error
  }
}

type Call = (...args: readonly unknown[]) => Promise<unknown>

interface Route {
  readonly log: Log
  readonly kind: 'job' | 'listener'
  /** The agent that runs in this process. */
  readonly agent: AgentControl | undefined
}

function placeOf(name: string): { readonly group: keyof Operations | undefined; readonly method: string } {
  const [first, second] = name.split('.') as [string, string | undefined]
  return second === undefined
    ? { group: undefined, method: first }
    : { group: first as keyof Operations, method: second }
}

// Sends one operation to the agent that holds the part that it is about.
function routed(on: Operations, operation: string, { log, kind, agent }: Route): Operations {
  const { group, method } = placeOf(operation)
  const methods = on[group as keyof Operations] as unknown as Readonly<Record<string, Call>>
  const here = callOf(on, operation)
  const ask = async (part: string, args: readonly unknown[]): Promise<unknown> => {
    for (const until = log.clock.now() + PATIENCE; ; ) {
      const isHere = agent !== undefined && hasPart(agent.held(), kind, part)
      const others = isHere ? [] : await presentAgents(log)
      const there = others.find((row) => hasPart(row, kind, part))
      try {
        return await (there === undefined ? here(...args) : askAgent(log, there, operation, args))
      } catch (error) {
        // The part is changing hands, or the agent that has it is not known yet.
        const isMoving = hasCode(error, 'TIDINGS_LOG_LOCKED') || (others.length > 0 && needsAgent(error))
        if (!isMoving || log.clock.now() > until) throw error
      }
      await realPause(AGAIN)
    }
  }
  const call: Call = async (...args) => {
    const name = String(args[0])
    const info = kind === 'listener' ? await sharedListener(log, name) : undefined
    if (info === undefined) return ask(name, args)
    const agents = (await presentAgents(log)).filter((row) => row.shards?.[name] !== undefined)
    const askOne = async (asked: readonly unknown[]): Promise<unknown> =>
      agents[0] === undefined ? here(...asked) : askAgent(log, agents[0], operation, asked)
    const askAll = async (asked: readonly unknown[]): Promise<readonly unknown[]> =>
      agents.length === 0
        ? [await here(...asked)]
        : Promise.all(agents.map((each) => askAgent(log, each, operation, asked)))
    return (overShards[operation] as (typeof overShards)[string])({ log, info, ask, askOne, askAll }, args)
  }
  return { ...on, [group as string]: { ...methods, [method]: call } }
}

// The operation can't be carried out without the agent that has the job.
function needsAgent(error: unknown): boolean {
  return error instanceof TidingsError && error.details.running === false
}

async function sharedListener(log: Log, name: string): Promise<ConsumerInfo | undefined> {
  for await (const info of log.consumers()) if (info.name === name) return info.shards && info
  return undefined
}

// Each job and listener as the agent knows it that has it.
async function merged(log: Log, here: Health | undefined, resting: () => Promise<Health>): Promise<Health> {
  const rows = await presentAgents(log)
  const others = rows.filter(
    ({ host, pid, since }) => !(here?.pid === pid && here.since === since && host === hostname()),
  )
  const asked = await Promise.all(
    others.map((row) => askAgent(log, row, 'status', []).catch(() => undefined) as Promise<Health | undefined>),
  )
  const all = [here, ...asked].filter((each) => each !== undefined)
  const [first] = all
  if (first === undefined) return resting()
  const isShared = new Set(rows.flatMap(({ shards }) => Object.keys(shards ?? {})))
  const health = {
    ...first,
    agents: rows,
    surprises: await surprisesOn(log),
    jobs: chosen(all.flatMap(({ jobs }) => jobs)),
    listeners: chosen(
      all.flatMap(({ listeners }) => listeners),
      (a, b) => (isShared.has(a.name) ? together(a, b) : undefined),
    ),
  }
  return { ...health, problems: problemsOf(health) }
}

// Of several rows of one name, the one of the agent that does the work; of two that share it, what they say together.
function chosen<T extends { readonly name: string; readonly standby?: true }>(
  rows: readonly T[],
  shared: (a: T, b: T) => T | undefined = () => undefined,
): T[] {
  const found = new Map<string, T>()
  for (const row of rows) {
    const known = found.get(row.name)
    if (known === undefined || (known.standby === true && row.standby !== true)) found.set(row.name, row)
    else if (known.standby !== true && row.standby !== true) found.set(row.name, shared(known, row) ?? known)
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

// Each agent tells of its shards.
function together(a: ListenerHealth, b: ListenerHealth): ListenerHealth {
  const oldest = [a.oldest, b.oldest].filter((each) => each !== undefined).toSorted()[0]
  return { ...b, ...a, ...lagOf([a, b]), ...defined({ oldest }) }
}
