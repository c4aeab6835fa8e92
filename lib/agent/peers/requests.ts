import { background, type CancelTimer, realPause } from '../../core/clock.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import { type JsonValue, toJson } from '../../core/json.ts'
import { HOUR, SECOND } from '../../core/time-units.ts'
import { fromWire, toWire, type WireError } from '../../core/wire-error.ts'
import type { Log } from '../../log/port.ts'
import type { AgentRow } from '../run/agent-row.ts'
import { presentAgents, uniqueName } from './presence.ts'

/** The namespaces of what is asked of an agent (`<agent>/<request>`), and of the answers (by request). */
const [REQUESTS, ANSWERS] = ['tidings/requests', 'tidings/answers']

/** How often an agent looks for requests, and an asker for the answer, in ms. */
const LOOK = { requests: SECOND / 4, answers: SECOND / 10 }

/** How often an asker looks whether the agent is still there, in ms. */
const CHECKED = 2 * SECOND

/** An answer that was not fetched for this long, in ms, is removed. */
const KEPT = HOUR

/** What is asked of an agent: an operation by its name, such as `jobs.run`, and its arguments. */
interface Asked {
  readonly operation: string
  readonly args: readonly JsonValue[]
}

type Answer = { readonly value: JsonValue } | WireError

type Answered = Answer & { readonly at: number }

/**
 * Asks an agent on the same log, through the log.
 *
 * @throws TidingsError `TIDINGS_LOG_LOCKED` when it is gone and has not begun; `TIDINGS_LOG_CLOSED` when it may have begun
 */
export async function askAgent(
  log: Log,
  agent: AgentRow,
  operation: string,
  args: readonly unknown[],
): Promise<unknown> {
  const id = uniqueName()
  const [requests, answers] = [log.store(REQUESTS), log.store(ANSWERS)]
  const key = `${agent.id}/${id}`
  const asked: Asked = { operation, args: args.map(toArgument) }
  await requests.set(key, asked)
  let checked = log.clock.now()
  for (;;) {
    const answer = (await answers.get<Answered>(id))?.value
    if (answer !== undefined) {
      await answers.delete(id)
      if ('error' in answer) throw fromWire(answer)
      return answer.value === null ? undefined : answer.value
    }
    if (log.clock.now() - checked > CHECKED) {
      checked = log.clock.now()
      const isThere = (await presentAgents(log)).some((each) => each.id === agent.id)
      // A request that is still there was not begun: it may be asked of another.
      if (!isThere) throw (await requests.delete(key)) ? notBegun(agent) : wentAway(agent)
    }
    await realPause(LOOK.answers)
  }
}

function notBegun({ agent, host }: AgentRow): TidingsError {
  return new TidingsError('TIDINGS_LOG_LOCKED', `agent ${quote(agent)} on ${host} does not answer`)
}

function wentAway({ agent, host }: AgentRow): TidingsError {
  return new TidingsError('TIDINGS_LOG_CLOSED', `agent ${quote(agent)} on ${host} went away before it answered`)
}

// A filter travels as its JSON.
function toArgument(value: unknown): JsonValue {
  if (value === undefined) return null
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return toJson(value)
  const parts = Object.entries(value).filter(([, part]) => part !== undefined)
  return toJson(
    Object.fromEntries(parts.map(([name, part]) => [name, typeof part === 'function' ? textOf(part) : part])),
  )
}

function textOf(filter: unknown): string {
  const text = JSON.stringify(filter) as string | undefined
  if (text !== undefined) return text
  const words = 'a filter for an agent must be an expression or a test made of tidings/filters, got a function'
  throw new TidingsError('TIDINGS_LOG_INVALID', words)
}

/** Answers what other processes ask of one agent. A request is removed before it is carried out, so it is so once at most. */
export class Requests {
  readonly #log: Log
  readonly #agent: string
  readonly #carryOut: (operation: string, args: readonly unknown[]) => Promise<unknown>
  readonly #working = new Set<Promise<void>>()
  #cancel: CancelTimer = () => undefined
  #looking: Promise<void> | undefined

  /** `carryOut` calls an operation by its name. */
  constructor(log: Log, agent: string, carryOut: (operation: string, args: readonly unknown[]) => Promise<unknown>) {
    this.#log = log
    this.#agent = agent
    this.#carryOut = carryOut
  }

  start(): void {
    void this.#removeOldAnswers().catch(() => undefined)
    this.#cancel = background(() => {
      this.#looking ??= this.#look()
        .catch(() => undefined)
        .finally(() => (this.#looking = undefined))
    }, LOOK.requests)
  }

  /** Resolves when what was asked so far is answered. */
  async stop(): Promise<void> {
    this.#cancel()
    await this.#looking
    await Promise.all(this.#working)
  }

  async #look(): Promise<void> {
    const requests = this.#log.store(REQUESTS)
    for await (const { key, value } of requests.list<Asked & JsonValue>(`${this.#agent}/`)) {
      if (!(await requests.delete(key))) continue
      const work = this.#answer(key.slice(this.#agent.length + 1), value).catch(() => undefined)
      this.#working.add(work)
      void work.then(() => this.#working.delete(work))
    }
  }

  async #answer(id: string, { operation, args }: Asked): Promise<void> {
    let answer: Answer
    try {
      const value = await this.#carryOut(
        operation,
        args.map((each) => (each === null ? undefined : each)),
      )
      answer = { value: toJson(value ?? null) }
    } catch (error) {
      answer = toWire(error)
    }
    await this.#log.store(ANSWERS).set(id, { ...answer, at: this.#log.clock.now() })
  }

  async #removeOldAnswers(): Promise<void> {
    const answers = this.#log.store(ANSWERS)
    for await (const { key, value } of answers.list<Answered & JsonValue>())
      if (this.#log.clock.now() - value.at > KEPT) await answers.delete(key)
  }
}
