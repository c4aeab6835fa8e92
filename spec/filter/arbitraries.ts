import fc from 'fast-check'
import {
  after,
  all,
  any,
  at,
  before,
  between,
  contains,
  each,
  endsWith,
  eq,
  exists,
  glob,
  gt,
  gte,
  isEmpty,
  isType,
  lt,
  lte,
  matches,
  ne,
  none,
  not,
  oneOf,
  size,
  some,
  startsWith,
  type Test,
} from '../../lib/filters.ts'

/** Any JavaScript value except proxies. */
export const anyValue = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})

/** Values from a small set, so that many of them pass the tests below. */
const likelyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer({ min: -1, max: 5 }),
    fc.constantFrom('', 'a', 'A', 'ab', 'b', '2026-05-01'),
    fc.constantFrom(null, undefined, true, false, Number.NaN),
    fc.integer({ min: -1, max: 5 }).map((ms) => new Date(ms)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2 }),
  ),
})).value

export const value = fc.oneof(likelyValue, anyValue)

const number = fc.integer({ min: -1, max: 5 })
const string = fc.constantFrom('', 'a', 'A', 'ab', 'b')
const date = number.map((ms) => new Date(ms))
const ordered = fc.oneof(number, string, date)
const scalar = fc.oneof(ordered, fc.constantFrom(true, false, null))
const options = fc.constantFrom({}, { ignoreCase: true })

const leaves: fc.Arbitrary<Test<never>>[] = [
  fc.constantFrom(exists, isEmpty, isType('string'), isType('array'), isType('object'), size(1), size(gt(1))),
  fc.tuple(scalar, options).map(([one, how]) => eq(one, how)),
  fc.tuple(scalar, options).map(([one, how]) => ne(one, how)),
  fc.tuple(scalar, scalar).map(([one, other]) => oneOf(one, other)),
  fc.tuple(fc.constantFrom(lt, lte, gt, gte), ordered).map(([order, bound]) => order(bound)),
  fc.tuple(number, number).map(([a, b]) => between(Math.min(a, b), Math.max(a, b))),
  fc
    .tuple(fc.constantFrom(contains, startsWith, endsWith, glob), string, options)
    .map(([t, part, how]) => t(part, how)),
  fc.constantFrom(glob('?*'), matches(/a/i), matches(/^b/g), before('2026-06-01'), after(2), before(new Date(3))),
]

/** Tests, as deeply composed as people write them. Each accepts every value, whatever its type says. */
export const test = fc.letrec<{ test: Test<never> }>((tie) => ({
  test: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ...leaves,
    fc.array(tie('test'), { maxLength: 3 }).map((tests) => all(...tests)),
    fc.array(tie('test'), { maxLength: 3 }).map((tests) => any(...tests)),
    fc.tuple(fc.constantFrom(not, some, each, none), tie('test')).map(([make, inner]) => make(inner)),
    fc
      .tuple(fc.constantFrom('a', 'b', 'a.b', '0'), tie('test'))
      .map(([path, inner]) => at<unknown, string>(path, inner as Test<unknown>)),
  ),
})).test as fc.Arbitrary<Test<unknown>>
