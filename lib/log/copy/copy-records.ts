import { TidingsError } from '../../core/errors.ts'
import { hash } from '../../core/hash.ts'
import {
  type PortableEvent,
  type PortableIdentity,
  type PortableKind,
  type PortableSource,
  type PortableTarget,
  portableKinds,
} from './portable-log.ts'

/** The result of copying a log. */
export interface Copied {
  /** The lowest seq whose event is kept; one more than `last` without any. */
  readonly first: number
  /** The seq of the newest event; 0 for an empty log. */
  readonly last: number
  /** The number of records of each kind. */
  readonly records: Readonly<Record<PortableKind, number>>
}

/**
 * Copies all records of a log, then compares them with the copy as it is stored: every event by itself, all others by
 * their number and a sum of their digests.
 *
 * @param progress called with the number of records copied and compared so far, and of all (an estimate)
 * @throws TidingsError `TIDINGS_LOG_DAMAGED` (an event is missing, or the copy differs)
 */
export function copyRecords(
  source: PortableSource,
  target: PortableTarget,
  progress: (done: number, all: number) => void = () => undefined,
): Promise<Copied> {
  return new Copying(source, target, progress).whole()
}

/** How many records of a kind there are, and the sum of their digests: equal for the same records in any order. */
interface Sum {
  count: number
  digest: bigint
}

/** Copies one log, then compares both. */
class Copying {
  readonly #source: PortableSource
  readonly #target: PortableTarget
  readonly #progress: (done: number, all: number) => void
  readonly #about: number
  #done = 0

  constructor(source: PortableSource, target: PortableTarget, progress: (done: number, all: number) => void) {
    this.#source = source
    this.#target = target
    this.#progress = progress
    const { first, last } = source.facts
    // Events and identities, copied and compared.
    this.#about = 2 * (last - first + 1 + last)
  }

  async whole(): Promise<Copied> {
    const { first, last } = this.#source.facts
    const sums = new Map<PortableKind, Sum>()
    for (const kind of portableKinds) sums.set(kind, await this.#copied(kind))
    const records = Object.fromEntries(portableKinds.map((kind) => [kind, sums.get(kind)?.count ?? 0]))
    for (const kind of portableKinds) await this.#compare(kind, sums.get(kind) as Sum)
    this.#progress(this.#done, this.#done)
    return { first, last, records: records as Copied['records'] }
  }

  async #copied(kind: PortableKind): Promise<Sum> {
    const sum: Sum = { count: 0, digest: 0n }
    const { first, last } = this.#source.facts
    let expected = first
    for await (const page of this.#source.records(kind)) {
      if (kind === 'event')
        for (const { event } of page as readonly PortableEvent[])
          if (event.seq !== expected++) throw missing(expected - 1)
      await this.#target.put(kind, page)
      add(sum, kind, page)
      this.#step(page.length)
    }
    if (kind === 'event' && expected <= last) throw missing(expected)
    return sum
  }

  async #compare(kind: PortableKind, original: Sum): Promise<void> {
    if (kind === 'event') return this.#compareEvents()
    const sum: Sum = { count: 0, digest: 0n }
    for await (const page of this.#target.records(kind)) {
      add(sum, kind, page)
      this.#step(page.length)
    }
    if (sum.count === original.count && sum.digest === original.digest) return
    const words = `the ${kind} records of the copy differ from the original (${sum.count} and ${original.count})`
    throw new TidingsError('TIDINGS_LOG_DAMAGED', words)
  }

  // One by one, so that the error can name the event.
  async #compareEvents(): Promise<void> {
    const copies = this.#target.records('event')[Symbol.asyncIterator]()
    let page: readonly PortableEvent[] = []
    let at = 0
    const next = async (): Promise<PortableEvent | undefined> => {
      while (at === page.length) {
        const more = await copies.next()
        if (more.done === true) return undefined
        page = more.value
        at = 0
      }
      return page[at++]
    }
    for await (const originals of this.#source.records('event')) {
      for (const original of originals) {
        const copy = await next()
        if (JSON.stringify(copy) !== JSON.stringify(original)) throw differs(original.event.seq)
      }
      this.#step(originals.length)
    }
    const more = await next()
    if (more !== undefined) throw differs(more.event.seq)
  }

  #step(records: number): void {
    this.#done += records
    this.#progress(this.#done, Math.max(this.#about, this.#done))
  }
}

// A store need not keep forgotten identities.
function add(sum: Sum, kind: PortableKind, page: readonly object[]): void {
  for (const record of page) {
    if (kind === 'identity' && (record as PortableIdentity).seq === 0) continue
    sum.count += 1
    if (kind !== 'event') sum.digest = BigInt.asUintN(64, sum.digest + hash(JSON.stringify(record)).readBigUInt64LE())
  }
}

function missing(seq: number): TidingsError {
  return new TidingsError('TIDINGS_LOG_DAMAGED', `event ${seq} is missing from the original`, { details: { seq } })
}

function differs(seq: number): TidingsError {
  return new TidingsError('TIDINGS_LOG_DAMAGED', `event ${seq} of the copy differs from the original`, {
    details: { seq },
  })
}
