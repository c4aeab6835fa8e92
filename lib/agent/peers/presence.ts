import { hostname } from 'node:os'
import { background, type CancelTimer, systemClock } from '../../core/clock.ts'
import { SECOND } from '../../core/time-units.ts'
import type { Log } from '../../log/port.ts'
import { agentRow } from '../operations/agents.ts'
import type { AgentControl } from '../run/agent-control.ts'
import type { AgentRow } from '../run/agent-row.ts'

/** The namespace of the agents on a shared log, by their id. */
const AGENTS = 'tidings/agents'

/** How often an agent says that it is there, in ms, and how often it looks whether it has something new to say. */
const SAID = { again: 3 * SECOND, changed: SECOND / 2 }

/** An agent that has said nothing for this long, in ms, is gone. */
export const SILENT = 10 * SECOND

let named = 0

/** A name that no other process has: of this machine, this process, and this moment. */
export function uniqueName(): string {
  named += 1
  return `${hostname()}-${process.pid}-${systemClock.now()}-${named}`
}

/** The agents that are there, in the order in which they started. */
export async function presentAgents(log: Log): Promise<readonly AgentRow[]> {
  const rows: AgentRow[] = []
  const now = log.clock.now()
  for await (const { value } of log.store(AGENTS).list<AgentRow>())
    if (now - Date.parse(value.seen) < SILENT) rows.push(value)
  return rows.toSorted((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : a.id < b.id ? -1 : 1))
}

/** Says on the log that an agent is there, and what it does, until it is stopped. */
export class Presence {
  readonly id = uniqueName()
  readonly #log: Log
  readonly #agent: AgentControl
  #cancel: CancelTimer = () => undefined
  #said = { what: '', at: Number.NEGATIVE_INFINITY }
  #saying: Promise<void> = Promise.resolve()

  constructor(log: Log, agent: AgentControl) {
    this.#log = log
    this.#agent = agent
  }

  /** Resolves when it has been said for the first time. */
  async start(): Promise<void> {
    await this.#forgetOthers()
    await this.#say()
    this.#cancel = background(() => {
      this.#saying = this.#say().catch(() => undefined)
    }, SAID.changed)
  }

  async stop(): Promise<void> {
    this.#cancel()
    await this.#saying
    await this.#log
      .store(AGENTS)
      .delete(this.id)
      .catch(() => undefined)
  }

  async #say(): Promise<void> {
    const now = this.#log.clock.now()
    const row = { ...agentRow(this.#agent, this.id, now), skew: systemClock.now() - now }
    const what = JSON.stringify([row.jobs, row.listeners])
    if (what === this.#said.what && now - this.#said.at < SAID.again) return
    await this.#log.store(AGENTS).set(this.id, row)
    this.#said = { what, at: now }
  }

  // Those that died have left their rows.
  async #forgetOthers(): Promise<void> {
    const store = this.#log.store(AGENTS)
    const before = this.#log.clock.now() - SILENT
    for await (const { key, value } of store.list<AgentRow>())
      if (Date.parse(value.seen) < before) await store.delete(key)
  }
}
