import fc from 'fast-check'
import { matching } from '../../lib/filter/matching.ts'
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
  isType,
  lt,
  lte,
  matches,
  none,
  not,
  oneOf,
  size,
  some,
  startsWith,
  type Test,
} from '../../lib/filters.ts'

/** A filter of events, and an expression with the same meaning, where one can be written. */
export interface EventFilter {
  readonly test: Test<unknown>
  readonly expression?: string
}

/** Times in ms since the epoch: those of the events, and around them. */
const BEGIN = Date.parse('2026-05-01T00:00:00Z')
const times = fc.integer({ min: -2, max: 42 }).map((ms) => BEGIN + ms)
const small = fc.integer({ min: -1, max: 45 })
const types = fc.constantFrom('git.commit', 'git.tag', 'it', 'g', 'a*b', 'a"\\b', '\u{1f600}g')
const words = fc.constantFrom('1', '2', '3', 'x', 'X', '')

/** Drafts from a small world, so that the filters below hold for some of them; a version makes one of several events. */
export const drafts = fc.record({
  type: types,
  identifier: fc.constantFrom('1', '2', '3', '4', 'x'),
  created: times,
  job: fc.option(fc.constantFrom('poll', 'x'), { nil: undefined }),
  version: fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined }),
  data: fc.record(
    {
      n: fc.oneof(small, words),
      title: fc.oneof(words, fc.constant(null)),
      list: fc.array(fc.oneof(small, fc.record({ n: small }, { noNullPrototype: true })), { maxLength: 3 }),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
})

type Loose = (...operands: never[]) => Test<unknown>

const filter = (path: string, words: string, test: unknown): EventFilter => ({
  test: at<unknown, string>(path, test as Test<unknown>),
  expression: `${path} ${words}`,
})

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
const written = (value: string | number): string => (typeof value === 'string' ? quoted(value) : String(value))

const textPaths = fc.constantFrom('type', 'type', 'identifier', 'job', 'data.title', 'data.n', 'data.nope', 'data')
const texts = fc.oneof(types, words)
const patterns = fc.constantFrom('git.*', '*', 'git*', 'g?t.*', '*t', 'a*b', 'x', '')

const ofText: fc.Arbitrary<EventFilter> = fc.oneof(
  fc.tuple(textPaths, texts).map(([path, text]) => filter(path, `= ${quoted(text)}`, eq(text))),
  fc.tuple(textPaths, texts).map(([path, text]) => filter(path, `!= ${quoted(text)}`, not(eq(text)))),
  fc.tuple(textPaths, patterns).map(([path, text]) => filter(path, `~ ${quoted(text)}`, glob(text))),
  fc.tuple(textPaths, patterns).map(([path, text]) => filter(path, `!~ ${quoted(text)}`, not(glob(text)))),
  fc
    .tuple(textPaths, fc.constantFrom({ contains }, { startsWith }, { endsWith }), patterns)
    .map(([path, how, text]) => {
      const [name, make] = Object.entries(how)[0] as [string, Loose]
      return filter(path, `${name} ${quoted(text)}`, make(text as never))
    }),
  fc
    .tuple(textPaths, fc.array(texts, { minLength: 1, maxLength: 3 }))
    .map(([path, [first = '', ...more]]) =>
      filter(path, `in (${[first, ...more].map(quoted).join(', ')})`, oneOf(first, ...more)),
    ),
)

const SIGNS = { '=': eq, '<': lt, '<=': lte, '>': gt, '>=': gte } as const
const signs = fc.constantFrom(...(Object.entries(SIGNS) as [string, Loose][]))
const numbers = fc.oneof(
  fc.record({ path: fc.constant('created'), value: times }),
  fc.record({ path: fc.constantFrom('seq', 'data.n', 'revision', 'data.list.0.n', 'type'), value: small }),
)

const ofNumber: fc.Arbitrary<EventFilter> = fc.oneof(
  fc
    .tuple(numbers, signs)
    .map(([{ path, value }, [sign, make]]) => filter(path, `${sign} ${written(value)}`, make(value as never))),
  fc
    .tuple(numbers, small)
    .map(([{ path, value }, other]) => filter(path, `in (${value}, ${other})`, oneOf(value, other))),
)

const ofTime: fc.Arbitrary<EventFilter> = fc
  .tuple(fc.constantFrom('created', 'data.n'), fc.constantFrom({ before }, { after }), times)
  .map(([path, how, ms]) => {
    const [name, make] = Object.entries(how)[0] as [string, Loose]
    const moment = new Date(ms)
    return filter(path, `${name} ${moment.toISOString()}`, make(moment as never))
  })

const ofAnything: fc.Arbitrary<EventFilter> = fc.oneof(
  textPaths.map((path) => filter(path, 'exists', exists)),
  fc
    .tuple(textPaths, fc.constantFrom('string', 'number', 'null', 'object'))
    .map(([path, kind]) => filter(path, `is ${kind}`, isType(kind))),
  fc.tuple(fc.constantFrom('some', 'each'), small).map(([name, n]) => {
    const item = at<unknown, string>('n', gt(n) as Test<unknown>)
    return filter('data.list', `${name} (n > ${n})`, name === 'some' ? some(item) : each(item))
  }),
)

/** Filters of one happening, which a log finds by its identity. */
const ofIdentity: fc.Arbitrary<EventFilter> = fc
  .tuple(fc.constantFrom('git.commit', 'git.tag', 'it'), fc.constantFrom('1', '2', '3'))
  .map(([type, identifier]) => ({
    test: all<unknown>(at<unknown, string>('type', eq(type)), at<unknown, string>('identifier', eq(identifier))),
    expression: `type = ${quoted(type)} and identifier = ${quoted(identifier)}`,
  }))

/** Tests that no expression stands for. */
const withoutWords: fc.Arbitrary<Test<never>> = fc.oneof(
  types.map((type) => matching({ type: ['==', type] })),
  fc.tuple(types, types).map(([a, b]) => matching({ event_type: ['in', [a, b]] })),
  times.map((ms) => matching({ created: ['>', new Date(ms)] })),
  fc.tuple(times, small).map(([ms, seq]) => matching({ created: ['<', ms], seq: ['>', seq] })),
  fc.tuple(times, times).map(([ms, other]) => matching({ created: ['in', [new Date(ms), other]] })),
  fc.tuple(texts, small).map(([text, n]) => matching({ identifier: ['!=', text], 'data.n': ['==', n] })),
  fc.tuple(small, small).map(([a, b]) => at<unknown, string>('seq', between(Math.min(a, b), Math.max(a, b)))),
  times.map((ms) => at<unknown, string>('created', not(gt(ms)))),
  times.map((ms) => at<unknown, string>('created', oneOf<Date | number>(new Date(ms), ms))),
  times.map((ms) => at<unknown, string>('created', any(eq(ms), all(gt(ms), not(eq(ms + 3)))))),
  times.map((ms) => at<unknown, string>('created', gt(new Date(ms)))),
  texts.map((text) => at<unknown, string>('type', eq(text.toUpperCase(), { ignoreCase: true }))),
  texts.map((text) => at<unknown, string>('type', any(eq(text), startsWith('git.')))),
  fc.constantFrom(
    at<unknown, string>('type', matches(/^g/)),
    at<unknown, string>('data.list', size(gt(1))),
    at<unknown, string>('data.list', none(gt(3))),
    at<unknown, string>('type', oneOf<string | null>('it', null)),
  ),
)

const leaf: fc.Arbitrary<EventFilter> = fc.oneof(
  { weight: 3, arbitrary: ofText },
  { weight: 3, arbitrary: ofNumber },
  ofTime,
  ofAnything,
  ofIdentity,
  withoutWords.map((test) => ({ test: test as Test<unknown> })),
)

const joined = (word: 'and' | 'or', filters: readonly EventFilter[]): EventFilter => {
  const test = (word === 'and' ? all : any)(...filters.map((each) => each.test))
  const parts = filters.flatMap(({ expression }) => (expression === undefined ? [] : [`(${expression})`]))
  return parts.length < filters.length || parts.length === 0 ? { test } : { test, expression: parts.join(` ${word} `) }
}

/** Filters of events, as people compose them. */
export const eventFilters: fc.Arbitrary<EventFilter> = fc.letrec<{ filter: EventFilter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('filter'), { maxLength: 3 }).map((filters) => joined('and', filters)),
    fc.array(tie('filter'), { maxLength: 3 }).map((filters) => joined('or', filters)),
    tie('filter').map(({ test, expression }) => ({
      test: not(test),
      ...(expression === undefined ? {} : { expression: `not (${expression})` }),
    })),
  ),
})).filter
