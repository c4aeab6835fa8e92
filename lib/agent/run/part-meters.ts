import { Histogram } from '../../core/histogram.ts'
import { SECOND } from '../../core/time-units.ts'
import type { EndedDelivery } from '../../dispatch/pump.ts'
import type { RunReport, RunStatus } from '../../job/run-report.ts'
import { ByType } from '../../log/log-meter.ts'

/** What became of deliveries to a listener; see `DeliveryRow.outcome`. */
export type MeteredOutcome = 'handled' | 'passed' | 'retry' | 'parked'

/** What became of the events of one type at a listener. */
export interface HeardType {
  /** How many were settled: handled, passed by the filters, or parked. */
  settled: number
  /** How many of them were parked. */
  parked: number
}

/** What the agent counts of one listener, in plain numbers. */
export class ListenerMeter {
  readonly deliveries: Record<MeteredOutcome, number> = { handled: 0, passed: 0, retry: 0, parked: 0 }
  /** How long its handler took, in seconds; without what its filters let pass. */
  readonly seconds = new Histogram([0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30])
  readonly #types = new ByType<HeardType>(() => ({ settled: 0, parked: 0 }))
  /** By the name of the type; see `ByType`. */
  readonly types: ReadonlyMap<string, HeardType> = this.#types.all

  /** A delivery has ended. */
  ended({ handed, outcome, handled, began, ended }: EndedDelivery): void {
    const { end } = outcome
    const passed = end === 'ack' && !handled
    this.deliveries[end === 'ack' ? (passed ? 'passed' : 'handled') : end === 'park' ? 'parked' : 'retry'] += 1
    if (!passed) this.seconds.observe((ended - began) / SECOND)
    if (end === 'retry') return
    const heard = this.#types.of(handed.event.type)
    heard.settled += 1
    if (end === 'park') heard.parked += 1
  }
}

/** What the agent counts of one job, in plain numbers. */
export class JobMeter {
  readonly runs: Record<RunStatus, number> = {
    done: 0,
    failed: 0,
    cancelled: 0,
    abandoned: 0,
    replaced: 0,
    blocked: 0,
    missed: 0,
  }
  /** How long its runs took, in seconds. */
  readonly seconds = new Histogram([0.01, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800])
  /** How late its runs began after their slots, in seconds. */
  readonly late = new Histogram([0.1, 1, 5, 30, 60, 300, 3600])
  /** When its last successful run ended, in ms since the epoch; undefined before the first since the start. */
  succeeded: number | undefined

  /** An attempt has ended. */
  ended({ status, began, ms, late }: RunReport): void {
    this.runs[status] += 1
    this.seconds.observe(ms / SECOND)
    this.late.observe(late / SECOND)
    if (status === 'done' || status === 'cancelled') this.succeeded = began.getTime() + ms
  }
}

/** What a running agent counts of its parts, by their names, since it started. Lives through reloads. */
export class PartMeters {
  readonly jobs = new Map<string, JobMeter>()
  readonly listeners = new Map<string, ListenerMeter>()

  job(name: string): JobMeter {
    const known = this.jobs.get(name)
    if (known !== undefined) return known
    const made = new JobMeter()
    this.jobs.set(name, made)
    return made
  }

  listener(name: string): ListenerMeter {
    const known = this.listeners.get(name)
    if (known !== undefined) return known
    const made = new ListenerMeter()
    this.listeners.set(name, made)
    return made
  }
}
