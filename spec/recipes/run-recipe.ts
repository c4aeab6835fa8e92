import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Agent, type Exec, type LevelLog, memoryLog, type Running, start } from '../../lib/index.ts'
import { type VirtualClock, virtualClock } from '../../lib/testing/virtual-clock.ts'
import { type Notes, notes } from '../support/agent-harness.ts'
import { type Asked, type LocalService, localService, type Told } from '../support/local-service.ts'
import { until } from '../support/until.ts'
import { secretsOf, stopped } from '../support/watch-stream.ts'

/** What a recipe finds in place of the outside world. */
export interface Surroundings {
  /** When it begins, ISO 8601. */
  readonly at: string
  /** What each host answers. A request to any other host fails. */
  readonly hosts?: Readonly<Record<string, (asked: Asked) => Told>>
  readonly secrets?: Readonly<Record<string, string>>
  readonly exec?: Exec
}

/** A recipe that runs, unchanged, on a virtual clock, and whose network is one local server. */
export interface RunningRecipe {
  readonly clock: VirtualClock
  readonly log: LevelLog
  readonly notes: Notes
  /** Lets the time pass until a job runs next, and waits until that and all deliveries are over. */
  look(): Promise<void>
  /** Lets so many ms pass, with all that happens in them. */
  pass(ms: number): Promise<void>
  /** Stops the agent for so many ms, and starts it again on the same log. */
  restart(ms?: number): Promise<void>
  /** The bodies of the requests that acted on a host: all but GET and HEAD. */
  sent(host: string): unknown[]
  /** Checks what the recipe did, and that it does no more when it sees the same again, and when it starts again. */
  hasDone(deeds: () => unknown, expected: unknown): Promise<void>
}

/** In ms; shorter than the timeout of any delivery. */
const STEP = 20_000

/** A part of the time by which jobs that are due together are spread, in ms. */
const SPREAD = 500

/** The longest wait for a run, in ms. For a longer one the agent is stopped, because its timers wake up every 30 s. */
const NAP = 3_600_000

/** Runs a recipe until the test ends. */
export async function runRecipe(t: TestContext, recipe: Agent, surroundings: Surroundings): Promise<RunningRecipe> {
  const { at, hosts = {}, secrets = {} } = surroundings
  const clock = virtualClock(new Date(at))
  const network = await localService(t, (asked) => {
    const { host, path } = placeOf(asked)
    const told = hosts[host]?.({ ...asked, path }) ?? { status: 404 }
    // A connection is used once: on a slow machine, the server may close one that rests just when it is used again.
    return { ...told, headers: { connection: 'close', ...told.headers } }
  })
  const exec: Exec = surroundings.exec ?? (async (file) => assert.fail(`nothing runs ${file} in this test`))
  const world = { fetch: fetchOn(network, Object.keys(hosts)), exec, secret: secretsOf(secrets) }
  const log = await memoryLog({ clock, warn: () => undefined })
  const said = notes()
  const begin = (): Promise<Running> => start(recipe, { log, clock, world, logger: said })
  let running = await begin()
  t.after(async () => {
    await stopped(running, clock)
    await log.close()
  })

  const endless = new Set(recipe.jobs.flatMap(({ name, schedule }) => (schedule.kind === 'always' ? [name] : [])))
  const scheduled = async () => (await running.status()).jobs.filter(({ name }) => !endless.has(name))
  /** When each job runs next, in ms since the epoch. */
  const dueRuns = async () =>
    new Map(
      (await scheduled()).flatMap(({ name, next }) => (next === undefined ? [] : [[name, next.getTime()] as const])),
    )
  /** Waits until what was due by now, and all deliveries, are over. */
  const settle = async (due: ReadonlyMap<string, number>): Promise<void> => {
    const late = [...due].filter(([, at]) => at <= clock.now())
    await until(async () => {
      const jobs = await scheduled()
      const lasts = new Map(jobs.map(({ name, last }) => [name, last?.slot.getTime() ?? 0]))
      if (jobs.some((job) => job.running)) return false
      if (late.every(([name, at]) => (lasts.get(name) ?? 0) >= at)) return true
      // Jobs that are due together begin up to ten seconds apart.
      await clock.advance(SPREAD)
      return false
    }, 'the runs to end')
    await running.drained()
    for (const { err } of [...said.said('job failed'), ...said.said('listener failed'), ...said.said('event parked')])
      throw err
  }
  /** Lets the time pass, in steps while a delivery may fall due: it takes real time, and must not seem to be late. */
  const advance = async (end: number): Promise<void> => {
    for (;;) {
      const now = clock.now()
      const due = await dueRuns()
      const isWaiting = (await running.status()).listeners.some(({ retrying }) => retrying > 0)
      const next = Math.min(...due.values(), end, isWaiting ? now + STEP : end)
      await clock.advance(Math.max(0, next - now))
      await settle(due)
      if (clock.now() >= end) return
    }
  }
  const self: RunningRecipe = {
    clock,
    log,
    notes: said,
    async look() {
      const next = Math.min(...(await dueRuns()).values())
      if (next === Number.POSITIVE_INFINITY) return
      if (next - clock.now() > NAP) await self.restart(next - clock.now() - 1000)
      await advance(next)
    },
    pass: (ms) => advance(clock.now() + ms),
    async restart(ms = 0) {
      const due = await dueRuns()
      await stopped(running, clock)
      await clock.advance(ms)
      running = await begin()
      await settle(due)
    },
    sent: (host) => {
      const bodies = network.asked.flatMap((asked) =>
        placeOf(asked).host === host && !/^(GET|HEAD)$/.test(asked.method) ? [JSON.parse(asked.body) as unknown] : [],
      )
      return host === 'ntfy.sh' ? withoutKeys(bodies as Message[]) : bodies
    },
    async hasDone(deeds, expected) {
      assert.deepEqual(deeds(), expected)
      await self.look()
      assert.deepEqual(deeds(), expected, 'it acted again')
      await self.restart()
      await self.look()
      assert.deepEqual(deeds(), expected, 'it acted again after a restart')
    },
  }
  return self
}

/** Asks the local server for every host, whose name becomes the first part of the path. */
function fetchOn(network: LocalService, hosts: readonly string[]): typeof fetch {
  return async (input, init) => {
    const { host, pathname, search } = new URL(input instanceof Request ? input.url : input)
    assert.ok(hosts.includes(host), `nothing asks ${host} in this test`)
    const local = `${network.url}/${host}${pathname}${search}`
    return fetch(input instanceof Request ? new Request(local, input) : local, init)
  }
}

function placeOf({ path }: Asked): { readonly host: string; readonly path: string } {
  const [, host = '', rest = '/'] = /^\/([^/]+)(\/.*)$/.exec(path) ?? []
  return { host, path: rest }
}

/** Answers as a service that takes whatever it is sent. */
export function takes(): Told {
  return { body: {} }
}

/** The subject and the text of a mail in plain ASCII. */
export function mailIn(message: string): { readonly subject: string; readonly text: string } {
  const [head = '', ...body] = message.split('\r\n\r\n')
  const text = body.join('\n\n').replaceAll('\r\n', '\n').trim()
  return { subject: /^Subject: (.*)$/m.exec(head.replaceAll('\r', ''))?.[1] ?? '', text }
}

interface Message {
  readonly sequence_id: string
}

/** Messages to ntfy without the keys of their deliveries, which are random. Each has its own. */
function withoutKeys(messages: readonly Message[]): object[] {
  const keys = new Set(messages.map(({ sequence_id }) => sequence_id))
  for (const key of keys) assert.match(key, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.equal(keys.size, messages.length, 'two messages have one key')
  return messages.map(({ sequence_id: _, ...message }) => message)
}
