import type { Op } from './level-commit.ts'

/**
 * What is written down beside the commits, at once. A write costs the same however little is in it, so what comes while
 * one goes on shares the next.
 */
export class Notes {
  readonly #write: (ops: readonly Op[]) => Promise<void>
  #going: Promise<void> | undefined
  #next: { readonly ops: Op[]; readonly written: Promise<void> } | undefined

  constructor(write: (ops: readonly Op[]) => Promise<void>) {
    this.#write = write
  }

  /** Resolves when these are written; rejects when that failed, for all that were written together. */
  add(ops: readonly Op[]): Promise<void> {
    if (this.#going === undefined) return this.#begin(ops)
    this.#next ??= this.#after(this.#going)
    this.#next.ops.push(...ops)
    return this.#next.written
  }

  #after(going: Promise<void>): { readonly ops: Op[]; readonly written: Promise<void> } {
    const ops: Op[] = []
    const begin = (): Promise<void> => {
      this.#next = undefined
      return this.#begin(ops)
    }
    return { ops, written: going.then(begin, begin) }
  }

  #begin(ops: readonly Op[]): Promise<void> {
    const going = this.#write(ops)
    this.#going = going
    const over = (): void => {
      if (this.#going === going) this.#going = undefined
    }
    going.then(over, over)
    return going
  }
}
