import { describe, TidingsError } from '../../core/errors.ts'
import { HOUR, MINUTE } from '../../core/time-units.ts'
import { randomOf } from './random.ts'

/** The process dies at a write to the log, and starts again a second later. */
export interface CrashFault {
  /** Tells the faults apart. */
  readonly fault: 'crash'
  /** Which write to the log, from 1. */
  readonly write: number
  /** Whether the write is kept. */
  readonly kept: boolean
}

/** The disk is full for a while. */
export interface DiskFullFault {
  /** Tells the faults apart. */
  readonly fault: 'disk full'
  /** The first write to the log that fails, from 1. */
  readonly write: number
  /** For how long, in ms. */
  readonly ms: number
}

/** The wall clock is set forward or back, and later set right. */
export interface ClockStepFault {
  /** Tells the faults apart. */
  readonly fault: 'clock step'
  /** How long after the beginning, in ms. */
  readonly after: number
  /** By how much, in ms; negative: back. */
  readonly ms: number
  /** For how long, in ms. */
  readonly lasts: number
}

/** A call to the world fails. */
export interface CallFault {
  /** Tells the faults apart. */
  readonly fault: 'call fails'
  /** Which call to the world, from 1. */
  readonly call: number
  /** It does not arrive, is answered with 503, or succeeds and its answer is lost. */
  readonly as: 'rejects' | 'answers 503' | 'answer lost'
}

/** A call gets the answer that the same call got before. */
export interface LateFault {
  /** Tells the faults apart. */
  readonly fault: 'late'
  /** Which call to the world, from 1. */
  readonly call: number
}

/** A handler throws. */
export interface HandlerFault {
  /** Tells the faults apart. */
  readonly fault: 'handler fails'
  /** Which call of a handler, from 1. */
  readonly delivery: number
  /** Whether it has done its work before. */
  readonly after: boolean
}

/** A handler begins late. */
export interface SlowFault {
  /** Tells the faults apart. */
  readonly fault: 'slow'
  /** Which call of a handler, from 1. */
  readonly delivery: number
  /** By how much, in ms. */
  readonly ms: number
}

/** One fault of a simulation. Writes, calls and deliveries are counted over all lives of the agent. */
export type Fault = CrashFault | DiskFullFault | ClockStepFault | CallFault | LateFault | HandlerFault | SlowFault

/** Which faults to inject; a number says how many of a kind, default 10. */
export interface FaultKinds {
  /** Crashes at a write to the log, with a restart. */
  readonly crashes?: boolean | number
  /** Failing and slow handlers, and calls to the world that fail or whose answer is lost. */
  readonly failures?: boolean | number
  /** Steps of the wall clock, forward and back. */
  readonly clockSteps?: boolean | number
  /** Answers that were true earlier: what is new comes late, and what was told comes again. */
  readonly late?: boolean | number
  /** Times at which the disk is full. */
  readonly diskFull?: boolean | number
}

/** How much happened in a simulation without faults. */
export interface Extent {
  /** The writes until the agent had begun for the first time: later, jobs and listeners know where they began. */
  readonly began: number
  readonly writes: number
  /** The writes that came first after a handler sent something: that it did is not stored yet. */
  readonly afterCalls: readonly number[]
  readonly calls: number
  readonly deliveries: number
  /** Its length, in ms. */
  readonly length: number
}

/** The kinds of faults. */
export const faultKinds: Readonly<Record<keyof FaultKinds, true>> = {
  crashes: true,
  failures: true,
  clockSteps: true,
  late: true,
  diskFull: true,
}

/** How many faults of a kind, by default. */
const SOME = 10

/** How many writes after a call are noted. */
const MOST_NOTED = 10_000

/** The last part of a simulation has no new faults, so that the agent can recover. */
const DISTURBED = 0.8

/** Draws the faults of a seed. */
export function drawFaults(
  given: true | FaultKinds,
  { began, writes, afterCalls, calls, deliveries, length }: Extent,
  seed: number,
): Fault[] {
  const kinds: FaultKinds =
    given === true ? { crashes: true, failures: true, clockSteps: true, late: true, diskFull: true } : given
  // Apart from the numbers that the world gets.
  const random = randomOf(seed ^ 0x9e3779b9)
  const one = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] as T
  const within = (most: number): number => 1 + Math.floor(random() * most * DISTURBED)
  const write = (): number => began + within(writes - began)
  // Half of the crashes come where they do most harm.
  const crash = (): Fault => {
    const telling = afterCalls[Math.floor(random() * afterCalls.length * DISTURBED)]
    const isTelling = telling !== undefined && random() < 0.5
    return { fault: 'crash', write: isTelling ? telling : write(), kept: !isTelling && random() < 0.5 }
  }
  const draw = (kind: keyof FaultKinds, make: () => Fault | undefined): Fault[] => {
    const count = kinds[kind] === true ? SOME : Number(kinds[kind] ?? 0)
    return Array.from({ length: count }, make).filter((fault) => fault !== undefined)
  }
  const failure = (): Fault | undefined => {
    const share = random()
    if (share < 0.5 && calls > 0)
      return { fault: 'call fails', call: within(calls), as: one(['rejects', 'answers 503', 'answer lost']) }
    if (deliveries === 0) return undefined
    if (share < 0.8) return { fault: 'handler fails', delivery: within(deliveries), after: random() < 0.5 }
    return { fault: 'slow', delivery: within(deliveries), ms: one([1000, 20_000, MINUTE]) }
  }
  const step = (): Fault => {
    const ms = one([5000, MINUTE, HOUR, 2 * HOUR]) * one([1, -1])
    const after = Math.floor(random() * length * DISTURBED)
    return { fault: 'clock step', after, ms, lasts: Math.ceil(random() * length * (1 - DISTURBED)) }
  }
  return [
    ...draw('crashes', crash),
    ...draw('failures', failure),
    ...draw('clockSteps', step),
    ...draw('late', () => (calls === 0 ? undefined : { fault: 'late', call: within(calls) })),
    ...draw('diskFull', () => ({ fault: 'disk full', write: write(), ms: one([1000, MINUTE, 10 * MINUTE]) })),
  ]
}

/** @throws TidingsError `TIDINGS_AGENT_INVALID` for faults that are neither true, kinds nor a list */
export function checkFaults(faults: unknown): asserts faults is true | FaultKinds | readonly Fault[] {
  if (faults === true) return
  if (Array.isArray(faults)) return faults.forEach(checkFault)
  if (typeof faults !== 'object' || faults === null)
    throw invalid(`must be true, { crashes: 5 } or a list of faults, got ${describe(faults)}`)
  for (const [kind, many] of Object.entries(faults) as [string, unknown][]) {
    if (!Object.hasOwn(faultKinds, kind))
      throw invalid(`must be among ${Object.keys(faultKinds).join(', ')}, got ${describe(kind)}`)
    if (many === undefined || typeof many === 'boolean' || (Number.isSafeInteger(many) && (many as number) >= 0))
      continue
    throw invalid(`needs true, false or a whole number from 0 for ${kind}, got ${describe(many)}`)
  }
}

/** The faults by name; a record, so that none is forgotten. */
const faultNames: Readonly<Record<Fault['fault'], true>> = {
  crash: true,
  'disk full': true,
  'clock step': true,
  'call fails': true,
  late: true,
  'handler fails': true,
  slow: true,
}

function checkFault(given: unknown): void {
  const { fault } = Object(given) as { readonly fault?: unknown }
  if (typeof fault === 'string' && Object.hasOwn(faultNames, fault)) return
  throw invalid(`has a fault that is not among ${Object.keys(faultNames).join(', ')}: ${describe(fault)}`)
}

function invalid(what: string): TidingsError {
  return new TidingsError('TIDINGS_AGENT_INVALID', `faults of simulate() ${what}`)
}

/** The words of a fault, for a timeline. */
export function faultWords(fault: Fault): string {
  switch (fault.fault) {
    case 'crash':
      return `crash at write ${fault.write}, which is ${fault.kept ? 'kept' : 'lost'}`
    case 'disk full':
      return `disk full at write ${fault.write}, for ${fault.ms} ms`
    case 'clock step':
      return `clock step by ${fault.ms} ms, for ${fault.lasts} ms`
    case 'call fails':
      return `call ${fault.call} ${fault.as === 'rejects' ? 'fails' : fault.as === 'answers 503' ? 'is answered with 503' : 'succeeds, and its answer is lost'}`
    case 'late':
      return `call ${fault.call} is answered as before`
    case 'handler fails':
      return `handler of delivery ${fault.delivery} fails ${fault.after ? 'after' : 'before'} its work`
    case 'slow':
      return `handler of delivery ${fault.delivery} begins ${fault.ms} ms late`
  }
}

/** The faults that are still to come, found by what they wait for. */
export class PendingFaults {
  readonly #faults: readonly Fault[]
  /** How much has happened so far. */
  writes = 0
  calls = 0
  deliveries = 0
  readonly afterCalls: number[] = []
  #called = false

  constructor(faults: readonly Fault[]) {
    this.#faults = faults
  }

  get hasLate(): boolean {
    return this.#faults.some(({ fault }) => fault === 'late')
  }

  get steps(): readonly ClockStepFault[] {
    return this.#faults.filter((fault) => fault.fault === 'clock step')
  }

  /** The faults of the next write. */
  ofWrite(): readonly (CrashFault | DiskFullFault)[] {
    this.writes += 1
    if (this.#called && this.afterCalls.length < MOST_NOTED) this.afterCalls.push(this.writes)
    this.#called = false
    return this.#faults.filter(
      (fault): fault is CrashFault | DiskFullFault => 'write' in fault && fault.write === this.writes,
    )
  }

  /** The fault of the next call to the world; `isTold`: a handler sends something. */
  ofCall(isTold: boolean): CallFault | LateFault | undefined {
    this.calls += 1
    this.#called ||= isTold
    return this.#faults.find((fault): fault is CallFault | LateFault => 'call' in fault && fault.call === this.calls)
  }

  /** The faults of the next call of a handler. */
  ofDelivery(): readonly (HandlerFault | SlowFault)[] {
    this.deliveries += 1
    return this.#faults.filter(
      (fault): fault is HandlerFault | SlowFault => 'delivery' in fault && fault.delivery === this.deliveries,
    )
  }
}
