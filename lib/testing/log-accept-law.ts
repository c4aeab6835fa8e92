import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Draft } from '../core/event.ts'
import { type LogTest, law, list } from './log-bench.ts'

/** Few identities and versions, so that they meet often. */
const meeting = fc.record(
  { type: fc.constantFrom('a', 'b'), identifier: fc.constantFrom('1', '2', '3') },
  { noNullPrototype: true },
)
const anyDraft: fc.Arbitrary<Draft> = fc
  .tuple(meeting, fc.nat(), fc.option(fc.constantFrom('v1', 'v2'), { nil: undefined }))
  .map(([identity, data, version]) => ({ ...identity, data, ...(version === undefined ? {} : { version }) }))

/** What accept has to answer, said once more in the plainest way. */
class Model {
  readonly #known = new Map<string, { place: number; version: string | undefined }>()
  #count = 0

  /** The status, and which of the accepted events it speaks of: 1, 2, 3 … */
  decide({ type, identifier, version }: Draft): readonly [status: string, place: number] {
    const name = `${type} ${identifier}`
    const known = this.#known.get(name)
    if (known !== undefined && (version === undefined || version === known.version)) return ['duplicate', known.place]
    this.#count += 1
    this.#known.set(name, { place: this.#count, version })
    return [known === undefined ? 'new' : 'changed', this.#count]
  }
}

/** Any drafts in any calls: what accept answers is compared. */
export const decides: LogTest = law(
  fc.array(fc.array(anyDraft, { maxLength: 8 }), { maxLength: 12 }),
  async ({ log }, calls) => {
    const model = new Model()
    const expected = calls.map((call) => call.map((each) => model.decide(each)))
    const receipts = await Promise.all(calls.map((call) => log.accept(call)))
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
