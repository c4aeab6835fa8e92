import type { Arbitrary } from 'fast-check'
import { type Agent, isAgent } from '../agent/define/agent.ts'
import { listed } from '../agent/inspect/finding.ts'
import { defined } from '../core/defined.ts'
import { didYouMean } from '../core/did-you-mean.ts'
import { isEngineType } from '../core/engine-types.ts'
import { describe, TidingsError } from '../core/errors.ts'
import type { Draft, StoredEvent } from '../core/event.ts'
import { checkOptions } from '../core/options.ts'
import { checkWorld, type World } from '../core/world.ts'
import { outdated } from '../dispatch/outdated.ts'
import { typeTest } from '../log/type-names.ts'
import { AgentRehearsal, type Failure } from './agent-rehearsal.ts'
import { BrokenLaw, type CheckLaw, checkLaw, LAW_OPTIONS, type LawOptions, show } from './check-law.ts'
import { fc } from './fast-check.ts'
import { eventLine } from './pipe-under-test.ts'
import type { AnyArbitrary } from './watched-stream.ts'

/** Describes to the laws what an agent meets, with the options of the search for a counterexample. */
export interface AgentLawOptions<E> extends LawOptions {
  /** Generates events that reach the agent. */
  readonly events: AnyArbitrary<E>
  /** The services that jobs and handlers ask; a function is called for each case. Default: nothing answers. */
  readonly world?: Partial<World> | (() => Partial<World>)
  /** Event types that other programs and people publish, names or patterns; default none. */
  readonly outside?: readonly string[]
  /** The version of the agent that ran before, whose state this one finds. Without it, the law about state is left out. */
  readonly before?: Agent
  /** Reads the events of a log, such as `() => log.events()`. Without it, the law about stored events is left out. */
  readonly stored?: () => AsyncIterable<StoredEvent> | Iterable<StoredEvent>
}

/** The agent whose law is checked, and what it meets. */
interface Subject {
  readonly agent: Agent
  readonly events: Arbitrary<StoredEvent>
  readonly world: () => Partial<World>
  readonly outside: readonly string[]
  readonly before: Agent
  readonly stored: () => AsyncIterable<StoredEvent> | Iterable<StoredEvent>
}

const FED = 'each event type that is heard is published'
const UPGRADE = 'state of the version before is understood'
const STORED = 'each stored event fits its type'

const laws: Readonly<Record<string, (subject: Subject, checkLaw: CheckLaw) => Promise<void>>> = {
  'no event leads to itself again': loops,
  [FED]: fed,
  [UPGRADE]: upgrade,
  [STORED]: schemas,
}

const KNOWN = { events: true, world: true, outside: true, before: true, stored: true, ...LAW_OPTIONS } as const

/** The option that a law needs, if any. */
const needs: Readonly<Record<string, 'before' | 'stored'>> = {
  [UPGRADE]: 'before',
  [STORED]: 'stored',
}

/**
 * Returns the laws of an agent, by name. Each is a function that runs its jobs and listeners over generated events on a log
 * in memory, and rejects with the smallest counterexample it can find.
 *
 * @throws TidingsError `TIDINGS_AGENT_INVALID` for something other than an agent, an unknown option, or a world with
 *   unknown parts
 *
 * @example
 * ```ts
 * import { it } from 'node:test'
 * import fc from 'fast-check'
 * import { agent, eventType, every, job, listener, on } from 'tidings'
 * import { agentLaws, arbEvent } from 'tidings/testing'
 *
 * const tick = eventType('tick').of<{ n: number }>()
 * const clockwork = agent('clockwork', [
 *   job('tick', every(2).seconds, ({ slot }) => tick(slot.toISOString(), { n: slot.getSeconds() })),
 *   listener('tock', on(tick), (event) => console.log(event.data.n)),
 * ])
 *
 * const events = arbEvent(tick, { data: fc.record({ n: fc.nat(59) }) })
 * for (const [name, law] of Object.entries(agentLaws(clockwork, { events, numRuns: 10 }))) it(name, law)
 * ```
 */
export function agentLaws<E extends StoredEvent>(
  agent: Agent,
  options: AgentLawOptions<E>,
): Record<string, () => Promise<void>> {
  checkOptions(options, KNOWN, 'TIDINGS_AGENT_INVALID', 'of agentLaws()')
  const { events, world = {}, outside = [], before, stored, ...effort } = options
  for (const each of before === undefined ? [agent] : [agent, before]) {
    if (isAgent(each)) continue
    throw new TidingsError('TIDINGS_AGENT_INVALID', `agentLaws() needs an agent, got ${describe(each)}`)
  }
  const open = (): Partial<World> => {
    const opened = typeof world === 'function' ? world() : world
    checkWorld(opened, 'TIDINGS_AGENT_INVALID', 'of agentLaws()')
    return defined(opened)
  }
  open()
  const subject: Subject = {
    agent,
    events: events as unknown as Arbitrary<StoredEvent>,
    world: open,
    outside,
    before: before ?? agent,
    stored: stored ?? (() => []),
  }
  const given = { before, stored }
  const applying = Object.entries(laws).filter(([law]) => {
    const option = needs[law]
    return option === undefined || given[option] !== undefined
  })
  const named = applying.map(([law, run]) => {
    const title = titleOf(agent, law)
    const one = (): Promise<void> => run(subject, (values, check) => checkLaw(title, values, check, effort))
    return [law, one] as const
  })
  return Object.fromEntries(named)
}

function titleOf({ name }: Agent, law: string): string {
  return `agent ${JSON.stringify(name)} breaks a law, "${law}":`
}

/** How often a type may occur in the chain of causes that leads to an event of that type. */
const MOST_TIMES = 2

async function loops({ agent, events, world }: Subject, check: CheckLaw): Promise<void> {
  await check(draftsOf(events), async (drafts) => {
    await AgentRehearsal.with(world(), async (rehearsal) => {
      await rehearsal.tell(agent, drafts)
      const all = await rehearsal.events()
      for (const event of all.values()) {
        const chain = chainOf(event, all)
        if (chain.filter(({ type }) => type === event.type).length <= MOST_TIMES) continue
        const hearing = agent.listeners
          .filter(({ source }) => typeTest(source.types)(event.type))
          .map(({ name }) => name)
        const finding = `${JSON.stringify(event.type)} leads to itself, by way of ${listed(hearing, 'or')}: the engine ends that after 8 events`
        throw new BrokenLaw(finding, chain.map(eventLine))
      }
    })
  })
}

/** The events that led to an event, the first one first. */
function chainOf(event: StoredEvent, all: ReadonlyMap<number, StoredEvent>): readonly StoredEvent[] {
  const cause = event.cause === undefined ? undefined : all.get(event.cause)
  return cause === undefined ? [event] : [...chainOf(cause, all), event]
}

async function fed({ agent, events, world, outside }: Subject, check: CheckLaw): Promise<void> {
  const published = new Set(agent.jobs.flatMap(({ settings }) => settings.publishes.map(({ type }) => type as string)))
  const rehearse = (drafts: readonly Draft[]): Promise<void> =>
    AgentRehearsal.with(world(), async (rehearsal) => {
      await rehearsal.tell(agent, drafts)
      await note(rehearsal)
    })
  const note = async (rehearsal: AgentRehearsal): Promise<void> => {
    for (const { type, job, cause } of (await rehearsal.events()).values()) {
      if (job !== undefined || cause !== undefined) published.add(type)
    }
  }
  const failures = await AgentRehearsal.with(world(), async (rehearsal) => {
    const failed = await rehearsal.runJobs(agent)
    await note(rehearsal)
    return failed
  })
  await check(draftsOf(events), rehearse)
  for (const { name, source } of agent.listeners) {
    const hears = source.types ?? []
    const isKnown = (type: string): boolean =>
      isEngineType(type) ||
      outside.includes(type) ||
      typeTest(outside)(type) ||
      [...published, ...outside].some(typeTest([type]))
    const unknown = hears.filter((type) => !isKnown(type))
    const [type] = unknown
    if (type === undefined) continue
    const near = didYouMean(type, [...published])
    const why = failures.map(({ part, message }) => `${part} failed: ${message}`)
    const finding = `listener ${JSON.stringify(name)} hears ${JSON.stringify(type)}, which nothing publishes${near}`
    throw new Error([titleOf(agent, FED), finding, ...why].join('\n  '))
  }
}

async function upgrade({ agent, before, events, world }: Subject, check: CheckLaw): Promise<void> {
  const cases = fc.record({ old: draftsOf(events), now: draftsOf(events) })
  await check(cases, async ({ old, now }) => {
    const alone = await AgentRehearsal.with(world(), (rehearsal) => both(rehearsal, agent, now))
    await AgentRehearsal.with(world(), async (rehearsal) => {
      await both(rehearsal, before, old)
      await rehearsal.adopt(agent)
      const left = await statesOf(rehearsal, agent)
      const failures = await both(rehearsal, agent, now)
      const known = new Set(alone.map(failureWords))
      const failure = failures.find((each) => !known.has(failureWords(each)))
      if (failure === undefined) return
      const { part, message } = failure
      throw new BrokenLaw(`${part} fails on what the version before has left: ${message}`, [
        ...old.map((each) => `before: ${draftLine(each)}`),
        `the state: ${show(left[part] ?? {})}`,
        ...now.map(draftLine),
      ])
    })
  })
}

/** Which failure it is, whatever the events are numbered. */
function failureWords({ part, message }: Failure): string {
  return `${part} ${message.replaceAll(/\d+/g, '#')}`
}

async function both(rehearsal: AgentRehearsal, agent: Agent, drafts: readonly Draft[]): Promise<readonly Failure[]> {
  const failures = await rehearsal.runJobs(agent)
  return [...failures, ...(await rehearsal.tell(agent, drafts))]
}

async function statesOf(rehearsal: AgentRehearsal, { jobs, listeners }: Agent): Promise<Record<string, unknown>> {
  const states: Record<string, unknown> = {}
  for (const part of [...jobs, ...listeners])
    states[`${part.kind} ${JSON.stringify(part.name)}`] = await rehearsal.stateOf(part)
  return states
}

/** How many events that do not fit are named. */
const MOST_NAMED = 10

async function schemas({ agent, stored }: Subject): Promise<void> {
  const eventTypes = [
    ...agent.listeners.flatMap(({ source }) => source.eventTypes),
    ...agent.jobs.flatMap(({ settings }) => settings.publishes),
  ]
  const source = { source: { eventTypes, operators: [] } }
  const named: string[] = []
  let unfit = 0
  for await (const event of stored()) {
    const error = outdated(source, event)
    if (error === undefined) continue
    unfit += 1
    if (named.length < MOST_NAMED) named.push(error.message)
  }
  if (unfit === 0) return
  const more = unfit > named.length ? [`and ${unfit - named.length} more`] : []
  throw new Error([titleOf(agent, STORED), ...named, ...more].join('\n  '))
}

/** Generates what reaches an agent, without what only the log gives. */
function draftsOf(events: Arbitrary<StoredEvent>): Arbitrary<readonly Draft[]> {
  return fc
    .array(events, { maxLength: 3 })
    .map((drawn) => drawn.map(({ seq: _, created: __, revision: ___, job: ____, cause: _____, ...draft }) => draft))
}

function draftLine({ type, identifier, data }: Draft): string {
  return `${type} ${JSON.stringify(identifier)} ${show(data)}`
}
