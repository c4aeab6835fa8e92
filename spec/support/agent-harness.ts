import type { TestContext } from 'node:test'
import { agent, type Part } from '../../lib/agent/define/agent.ts'
import type { Running } from '../../lib/agent/run/running.ts'
import { start } from '../../lib/agent/start.ts'
import type { StoredEvent } from '../../lib/core/event.ts'
import type { Logger } from '../../lib/core/logger.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import type { Log } from '../../lib/log/port.ts'
import { type VirtualClock, virtualClock } from '../../lib/testing/virtual-clock.ts'
import { until } from './until.ts'

/** One log line. */
export interface Line {
  readonly level: keyof Logger
  readonly words: string
  readonly fields: Record<string, unknown>
}

/** A logger that keeps its lines. */
export interface Notes extends Logger {
  readonly lines: Line[]
  /** The fields of every line with this message. */
  said(words: string): Record<string, unknown>[]
}

export function notes(): Notes {
  const lines: Line[] = []
  const at = (level: keyof Logger) => (fields: object, words: string) =>
    void lines.push({ level, words, fields: fields as Record<string, unknown> })
  return {
    lines,
    said: (words) => lines.filter((line) => line.words === words).map(({ fields }) => fields),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  }
}

/** A place for agents: a clock, a log in memory and a logger. The agents that begin here end with the test. */
export interface Place {
  readonly clock: VirtualClock
  readonly log: LevelLog
  readonly notes: Notes
  /** Starts an agent of these parts on the log, or on a wrapper of it. */
  begin(parts: readonly Part[], options?: { readonly log?: Log; readonly timezone?: string }): Promise<Running>
  /** Stops an agent, and advances the clock past the grace period if it takes that long. */
  end(running: Running): Promise<void>
  events(): Promise<StoredEvent[]>
}

export async function place(t: TestContext, at?: Date): Promise<Place> {
  const clock = virtualClock(at)
  const log = await memoryLog({ clock, warn: () => undefined })
  const said = notes()
  const begun = new Set<Running>()
  const end = async (running: Running): Promise<void> => {
    begun.delete(running)
    let ended = false
    const stopping = running.stop().finally(() => (ended = true))
    for (let ms = 0; ms <= 11_000 && !ended; ms += 1000) await clock.advance(ms === 0 ? 0 : 1000)
    await stopping
  }
  t.after(async () => {
    for (const running of begun) await end(running)
    await log.close()
  })
  return {
    clock,
    log,
    notes: said,
    end,
    async begin(parts, { log: wrapped = log, timezone } = {}) {
      const made = agent('spec', parts, timezone === undefined ? {} : { timezone })
      const running = await start(made, { log: wrapped, clock, logger: said })
      begun.add(running)
      return running
    },
    events: () => allOf(log),
  }
}

/** Every event of a log, oldest first. */
export async function allOf(log: Log): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  for await (const event of log.events()) events.push(event)
  return events
}

/** Another log, or a part of one, with these members replaced. */
export function wrap<T extends object>(wrapped: T, parts: Partial<T>): T {
  return new Proxy(wrapped, {
    get(target, key) {
      const value: unknown = key in parts ? parts[key as keyof T] : Reflect.get(target, key, target)
      return typeof value === 'function' && !(key in parts) ? value.bind(target) : value
    },
  })
}

/** The reasons of unhandled rejections and uncaught exceptions during `work`, also of those that Node reports after it. */
export async function unhandled(work: () => Promise<void>): Promise<unknown[]> {
  const seen: unknown[] = []
  const hear = (reason: unknown): void => void seen.push(reason)
  // The test runner's own listeners would fail the test.
  const names = ['unhandledRejection', 'uncaughtException'] as const
  const others = names.map((name) => process.listeners(name as 'unhandledRejection'))
  for (const name of names) process.removeAllListeners(name).on(name, hear)
  try {
    await work()
    // Node reports unhandled rejections in their order, so all earlier ones were reported once this one is.
    const last = new Error('the last rejection')
    void Promise.reject(last)
    await until(() => seen.includes(last))
    seen.splice(seen.indexOf(last), 1)
  } finally {
    for (const [i, name] of names.entries()) {
      process.off(name, hear)
      for (const other of others[i] ?? []) process.on(name, other)
    }
  }
  return seen
}
