import { formatDuration } from '../../core/duration.ts'
import { quote } from '../../core/errors.ts'
import { SECOND } from '../../core/time-units.ts'
import type { Log } from '../../log/port.ts'
import { scheduleWords } from '../../schedule/schedule.ts'
import type { AgentControl } from '../run/agent-control.ts'
import type { AgentRow } from '../run/agent-row.ts'
import { presentAgents } from './presence.ts'

/** The namespace of what each agent runs, by its id. */
const PROGRAMS = 'tidings/programs'

/** By how much the clock of a machine may differ from the server's, in ms, before that is a surprise. */
const MOST_SKEW = 2 * SECOND

/** What an agent runs. */
interface Program {
  /** The schedule of each job, in words. */
  readonly jobs: Readonly<Record<string, string>>
  readonly listeners: readonly string[]
}

/** An agent, and what it runs. */
export interface Member {
  readonly row: AgentRow
  readonly program: Program
}

/**
 * What differs between the agents on a log and should not, one sentence each: a job or listener that some don't know, the
 * schedule of a job, a clock, an agent that was started twice on a machine.
 */
export function surprisesOf(members: readonly Member[]): readonly string[] {
  const jobs = members.map(({ row, program }) => ({ row, names: new Set(Object.keys(program.jobs)) }))
  const listeners = members.map(({ row, program }) => ({ row, names: new Set(program.listeners) }))
  return [
    ...unknownOf('job', jobs),
    ...unknownOf('listener', listeners),
    ...schedulesOf(members),
    ...clocksOf(members),
    ...twinsOf(members),
  ]
}

function unknownOf(
  kind: string,
  members: readonly { readonly row: AgentRow; readonly names: ReadonlySet<string> }[],
): string[] {
  const all = new Set(members.flatMap(({ names }) => [...names]))
  return [...all].toSorted().flatMap((name) => {
    const [known, unknown] = [true, false].map((knows) => members.filter(({ names }) => names.has(name) === knows))
    if (unknown?.length === 0) return []
    const [by, notBy] = [known, unknown].map((some) => (some ?? []).map(({ row }) => words(row)).join(', '))
    return [`${kind} ${quote(name)} is known to ${by}, and not to ${notBy}`]
  })
}

function schedulesOf(members: readonly Member[]): string[] {
  const names = new Set(members.flatMap(({ program }) => Object.keys(program.jobs)))
  return [...names].toSorted().flatMap((name) => {
    const schedules = new Map<string, string[]>()
    for (const { row, program } of members) {
      const schedule = program.jobs[name]
      if (schedule !== undefined) schedules.set(schedule, [...(schedules.get(schedule) ?? []), words(row)])
    }
    if (schedules.size < 2) return []
    const each = [...schedules].map(([schedule, agents]) => `${schedule} on ${agents.join(', ')}`)
    return [`job ${quote(name)} has different schedules: ${each.join('; ')}`]
  })
}

function clocksOf(members: readonly Member[]): string[] {
  return members.flatMap(({ row }) => {
    const { skew = 0 } = row
    if (Math.abs(skew) < MOST_SKEW) return []
    const by = formatDuration(Math.round(Math.abs(skew) / SECOND) * SECOND)
    return [`the clock of ${words(row)} is ${by} ${skew > 0 ? 'ahead of' : 'behind'} that of the server`]
  })
}

function twinsOf(members: readonly Member[]): string[] {
  const places = new Map<string, AgentRow[]>()
  for (const { row } of members) {
    const place = `${row.agent}\0${row.host}`
    places.set(place, [...(places.get(place) ?? []), row])
  }
  return [...places.values()].flatMap((rows) => {
    const [first] = rows
    if (first === undefined || rows.length < 2) return []
    const pids = rows.map(({ pid }) => pid).join(', ')
    return [`agent ${quote(first.agent)} runs ${rows.length} times on ${first.host}: pid ${pids}`]
  })
}

function words({ agent, host, pid }: AgentRow): string {
  return `${agent} on ${host} (pid ${pid})`
}

/** The surprises on a log that agents share; of agents of an older version, it is not known what they run. */
export async function surprisesOn(log: Log): Promise<readonly string[]> {
  return surprisesOf(membersOf(await presentAgents(log), await programsOn(log)))
}

async function programsOn(log: Log): Promise<Map<string, Program>> {
  const programs = new Map<string, Program>()
  for await (const { key, value } of log.store(PROGRAMS).list<Program>()) programs.set(key, value)
  return programs
}

function membersOf(rows: readonly AgentRow[], programs: ReadonlyMap<string, Program>): readonly Member[] {
  return rows.flatMap((row) => {
    const program = programs.get(row.id)
    return program === undefined ? [] : [{ row, program }]
  })
}

/** Tells the other agents what one agent runs, and logs each surprise once, until it is over. */
export class SurpriseWatch {
  readonly #log: Log
  readonly #agent: AgentControl
  readonly #id: string
  #known: readonly string[] = []

  /** `id`: that of the agent on the log. */
  constructor(log: Log, agent: AgentControl, id: string) {
    this.#log = log
    this.#agent = agent
    this.#id = id
  }

  async look(): Promise<void> {
    const programs = await programsOn(this.#log)
    await this.#say(programs)
    const rows = await presentAgents(this.#log)
    const found = surprisesOf(membersOf(rows, programs))
    for (const surprise of found)
      if (!this.#known.includes(surprise)) this.#agent.logger.warn({ surprise }, 'agents on the log differ')
    this.#known = found
    // Those that died have left theirs.
    for (const id of programs.keys())
      if (!rows.some((row) => row.id === id) && id !== this.#id) await this.#log.store(PROGRAMS).delete(id)
  }

  async stop(): Promise<void> {
    await this.#log.store(PROGRAMS).delete(this.#id)
  }

  // Others have removed it if this agent was silent for long.
  async #say(programs: Map<string, Program>): Promise<void> {
    const jobs = Object.fromEntries(this.#agent.jobs().map(({ name, schedule }) => [name, scheduleWords(schedule)]))
    const program: Program = { jobs, listeners: this.#agent.listeners().map(({ name }) => name) }
    // While its code is loaded again, it has no parts.
    if (Object.keys(jobs).length + program.listeners.length === 0) return
    if (JSON.stringify(programs.get(this.#id)) === JSON.stringify(program)) return
    await this.#log.store(PROGRAMS).set(this.#id, program)
    programs.set(this.#id, program)
  }
}
