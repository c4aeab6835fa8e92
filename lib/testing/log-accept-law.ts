import assert from 'node:assert/strict'
import type { Arbitrary } from 'fast-check'
import type { Draft } from '../core/event.ts'
import { fc } from './fast-check.ts'
import { type LogTest, law, list } from './log-bench.ts'

/** Few identities and versions, so that they collide often. */
const meeting = fc.record(
  { type: fc.constantFrom('a', 'b'), identifier: fc.constantFrom('1', '2', '3') },
  { noNullPrototype: true },
)
const anyDraft: Arbitrary<Draft> = fc
  .tuple(meeting, fc.nat(), fc.option(fc.constantFrom('v1', 'v2'), { nil: undefined }))
  .map(([identity, data, version]) => ({ ...identity, data, ...(version === undefined ? {} : { version }) }))

/** An accepted draft in the model. */
interface Accepted {
  readonly place: number
  readonly version: string | undefined
}

/** A minimal reference model of `accept`. */
class Model {
  /** By identity: the draft stored last, and the draft told last, if any. */
  readonly #stored = new Map<string, Accepted>()
  readonly #told = new Map<string, Accepted>()
  #count = 0

  /** Returns the status, and which of the accepted events it refers to: 1, 2, 3 … */
  decide({ type, identifier, version }: Draft, told: boolean): readonly [status: string, place: number] {
    const name = `${type} ${identifier}`
    const known = this.#told.get(name) ?? this.#stored.get(name)
    if (known !== undefined && (version === undefined || version === known.version)) return ['duplicate', known.place]
    this.#count += 1
    const now = { place: this.#count, version }
    this.#stored.set(name, now)
    // A draft without a version is never told again, whether it was told or not.
    if (told || version === undefined) this.#told.set(name, now)
    return [known === undefined ? 'new' : 'changed', this.#count]
  }
}

/** Accepts any drafts in any calls, told or not, and compares the results with the model. */
export const decides: LogTest = law(
  fc.array(fc.tuple(fc.array(anyDraft, { maxLength: 8 }), fc.boolean()), { maxLength: 12 }),
  async ({ log }, calls) => {
    const model = new Model()
    const expected = calls.map(([drafts, told]) => drafts.map((each) => model.decide(each, told)))
    const receipts = await Promise.all(calls.map(([drafts, told]) => log.accept(drafts, { told })))
    const stored = await list(log.events())
    const placeOf = (seq: number): number => stored.findIndex((event) => event.seq === seq) + 1
    assert.deepEqual(
      receipts.map((answers) => answers.map(({ status, seq }) => [status, placeOf(seq)])),
      expected,
    )
    const accepted = receipts.flat().flatMap(({ event }) => (event === undefined ? [] : [event]))
    assert.deepEqual(stored, accepted)
  },
)
