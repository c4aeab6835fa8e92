import type { Arbitrary, Random, Stream, Value } from 'fast-check'
import { fc } from './fast-check.ts'

/** The number of nearby values to examine, and to choose. */
const NEAR = { looked: 500, chosen: 4 }

/**
 * Generates a value and some near it, from its fast-check shrinks: mostly the same, with one difference, and each one
 * that `wire` could generate itself. Independent values would never share the beginning of a hash.
 *
 * @param isWanted which of those near a value to choose from; smaller values need not be such
 */
export function nearby<W>(
  wire: Arbitrary<W>,
  isWanted: (near: W, value: W) => boolean = () => true,
): Arbitrary<readonly W[]> {
  return new Nearby(wire, isWanted)
}

type Values<W> = readonly Value<W>[]

class Nearby<W> extends fc.Arbitrary<readonly W[]> {
  readonly #wire: Arbitrary<W>
  readonly #isWanted: (near: W, value: W) => boolean

  constructor(wire: Arbitrary<W>, isWanted: (near: W, value: W) => boolean) {
    super()
    this.#wire = wire
    this.#isWanted = isWanted
  }

  override generate(random: Random, bias: number | undefined): Value<readonly W[]> {
    const first = this.#wire.generate(random, bias)
    const looked = this.#wire.shrink(first.value, first.context).take(NEAR.looked)
    const near = [...looked].filter(({ value }) => this.#isWanted(value, first.value))
    const chosen = Array.from({ length: Math.min(NEAR.chosen, near.length) }, () => random.nextInt(0, near.length - 1))
    return together([first, ...chosen.map((at) => near[at] as Value<W>)])
  }

  override canShrinkWithoutContext(_value: unknown): _value is readonly W[] {
    return false
  }

  override shrink(_value: readonly W[], context: unknown): Stream<Value<readonly W[]>> {
    return new fc.Stream(this.#smaller(context as Values<W>)).map(together)
  }

  *#smaller(values: Values<W>): Generator<Values<W>> {
    if (values.length > 1) for (const at of values.keys()) yield values.toSpliced(at, 1)
    yield* this.#inStep(values)
    for (const [at, { value, context }] of values.entries()) {
      for (const smaller of this.#wire.shrink(value, context)) yield values.with(at, smaller)
    }
  }

  // Shrinks all values in step, so that their common parts shrink too and stay common.
  *#inStep(values: Values<W>): Generator<Values<W>> {
    // A previously shrunk value knows which of its parts are small: without its context, shrinking restarts.
    const afresh = values.every(({ value }) => this.#wire.canShrinkWithoutContext(value))
    const shrinks = values.map(({ value, context }) => this.#wire.shrink(value, afresh ? undefined : context))
    for (;;) {
      const next = shrinks.map((shrink) => shrink.next())
      if (next.some(({ done }) => done)) return
      yield next.map((each) => each.value as Value<W>)
    }
  }
}

function together<W>(values: Values<W>): Value<readonly W[]> {
  return new fc.Value(
    values.map(({ value }) => value),
    values,
  )
}
