import type { Arbitrary } from 'fast-check'
import type { Stream } from '../agent/define/stream.ts'
import { asError, TidingsError } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import type { World } from '../core/world.ts'
import { BrokenLaw, show } from './check-law.ts'
import { type Accept, isEndless, Polls, type Push, type PushMoment, RunTimeout } from './stream-polls.ts'
import { type EndOfProcess, StreamProcess } from './stream-process.ts'
import { faultyWorld, type PollFault, worldOf } from './stream-world.ts'

/**
 * An arbitrary of fast-check 4, also of another copy than ours. The classes of fast-check have private members, so the
 * compiler treats those of two copies as different types.
 */
export interface AnyArbitrary<T> {
  /** Generates a value, as fast-check does. */
  generate(
    random: never,
    bias: number | undefined,
  ): {
    /** The generated value. */
    readonly value: T
  }
  /** Whether it can shrink a value that it did not generate, as fast-check has it. */
  canShrinkWithoutContext(value: unknown): boolean
  /** Lists smaller values, as fast-check does. */
  shrink(
    value: T,
    context: unknown,
  ): Iterable<{
    /** The smaller value. */
    readonly value: T
  }>
}

/** The service of a stream, as the laws generate it. */
export interface Service<W> {
  /** Generates items as the service sends them. */
  readonly wire: Arbitrary<W>
  /**
   * Returns the happening that an item stands for; undefined if it must not produce an event. Derive it
   * from what you know of the service, never with the code of the stream.
   */
  readonly truth: (sent: W) => string | undefined
  /**
   * The order in which items arrive at the service: those with a lower value first. With `promised`, none arrives late,
   * behind one that has a higher value, and the law about that is left out. Default: in any order.
   */
  readonly arrival?: {
    /** Returns the place of an item in that order, such as a date or a serial number. */
    readonly by: (sent: W) => number | string
    /** Whether the service promises that order; default false: items may be late. */
    readonly promised?: boolean
  }
  /**
   * Returns the service while it has these items: its `fetch`, or the parts of the world that it answers in (`fetch`,
   * `exec`, `now`). Let it page by two or three, and sort if the real service does.
   */
  readonly serve: (sent: readonly W[]) => typeof fetch | Partial<World>
  /**
   * Sends items to a job that never ends (`always()`), as the service does by itself: a webhook, a message on a connection.
   * Called once for each poll, after such a job has begun; resolves when the stream has answered all of them, also if it
   * refused some: the next poll sends those again. The laws then end the run.
   */
  readonly push?: (sent: readonly W[], moment: PushMoment) => Promise<void>
}

/** A stream watched from its start: what the service showed at each poll, and what the stream published. */
export class WatchedStream<W> {
  /** What happened at each poll, line by line. */
  readonly history: string[] = []
  readonly #service: Pick<Service<W>, 'serve' | 'push'>
  #polls: Polls
  readonly #isPushed: boolean
  #told: string[] = []
  #fault: PollFault | undefined
  #published = 0

  constructor(stream: Stream, service: Pick<Service<W>, 'serve' | 'push'>, accept: Accept) {
    this.#service = service
    this.#isPushed = stream.jobs.some(isEndless)
    this.#polls = new Polls(stream, async (draft) => {
      const fault = this.#published++ === this.#fault?.call ? this.#fault.as : undefined
      if (fault === 'rejects') throw diskFull()
      const receipt = await accept(draft)
      this.#told.push(identity(draft) + (receipt.status === 'new' ? '' : ` (${receipt.status})`))
      if (fault !== undefined) throw diskFull()
      return receipt
    })
  }

  /** Restarts the process: `stream` is made again, and only the log remembers. */
  restart(stream: Stream): void {
    this.#polls = this.#polls.restarted(stream)
  }

  /**
   * Polls once, while the service shows these items. With a fault, runs may fail. Resolves to the process, which may have
   * ended in the middle.
   *
   * @throws BrokenLaw when a run fails without a fault, or does not end
   */
  async poll(shown: readonly W[], now: number, fault?: PollFault, ends?: EndOfProcess): Promise<StreamProcess> {
    this.#told = []
    this.#published = 0
    this.#fault = this.#isPushed ? fault : undefined
    const { serve, push } = this.#service
    const world = worldOf(serve(shown), now)
    const send: Push | undefined = push === undefined ? undefined : (moment) => push(shown, moment)
    const process = new StreamProcess(ends)
    const failed = await this.#polls.poll(faultyWorld(world, fault), send, process).then(
      () => undefined,
      (error: unknown) => asError(error),
    )
    const when = new Date(world.now()).toISOString()
    const but = fault === undefined ? '' : `, but ${this.#isPushed ? publishFault(fault) : requestFault(fault)}`
    const ended = process.isDead ? ', then the process died' : process.isOver ? ', then it was stopped' : ''
    const then = failed === undefined ? ended : ', then failed'
    this.history.push(`${when}${but}`, `  sent ${list(shown.map(show))}`, `  told ${list(this.#told)}${then}`)
    if (failed === undefined) return process
    const final = failed instanceof RunTimeout
    if (final || fault === undefined) throw new BrokenLaw(failed.message, this.history, { cause: failed.cause, final })
    return process
  }
}

function requestFault({ call, as }: PollFault): string {
  return `request ${call + 1} ${as === 'breaks off' ? 'breaks off in the middle of its answer' : as}`
}

function publishFault({ call, as }: PollFault): string {
  return `publish ${call + 1} is rejected ${as === 'rejects' ? 'before' : 'after'} it is stored`
}

function diskFull(): TidingsError {
  return new TidingsError('TIDINGS_LOG_FAILED', 'the disk is full, says the law')
}

/** Formats type and identifier as text that is unique to the pair. */
export function identity({ type, identifier }: Pick<Draft, 'type' | 'identifier'>): string {
  return `${type} ${JSON.stringify(identifier)}`
}

/** Joins words into a list. */
export function list(words: Iterable<string>): string {
  return [...words].join(', ') || 'nothing'
}
