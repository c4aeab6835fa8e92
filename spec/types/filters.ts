// Code that must compile, and code that must not. Compiled by tsc with the rest, never run.
import { map, type Observable, type OperatorFunction, of } from 'rxjs'
import { matching } from '../../lib/filter/matching.ts'
import { where } from '../../lib/filter/where.ts'
import {
  all,
  any,
  at,
  before,
  between,
  contains,
  each,
  eq,
  exists,
  glob,
  gt,
  isEmpty,
  isType,
  lt,
  matches,
  ne,
  none,
  not,
  oneOf,
  type Path,
  size,
  some,
  startsWith,
  type Test,
} from '../../lib/filters.ts'

interface Opened {
  readonly type: 'opened'
  readonly identifier: string
  readonly created: number
  readonly data: {
    readonly title: string
    readonly stars: number
    readonly repo: { readonly full_name: string } | null
    readonly labels: readonly { readonly name: string; readonly rank?: number }[]
    readonly topics?: readonly string[]
    readonly draft?: boolean | null
    readonly due: string
    readonly rest: unknown
  }
}
declare const opened: Observable<Opened>
const title = map((event: Opened) => event.data.title)

// ---- where: the type of the stream goes through every form of it
export const kept: Observable<string>[] = [
  opened.pipe(
    where((event) => event.data.stars > 3),
    title,
  ),
  opened.pipe(where('data.stars', gt(3)), title),
  opened.pipe(
    where('data.stars', (stars) => stars.toFixed() === '3'),
    title,
  ),
  opened.pipe(where(at('data.stars', gt(3))), title),
  opened.pipe(where(all(at('data.stars', gt(3)), at('data.title', contains('x')))), title),
  opened.pipe(where(exists), title),
  opened.pipe(where(matching({ type: ['==', 'opened'] })), title),
  opened.pipe(where(any(matching({}), at('data.stars', gt(3)))), title),
  of('a').pipe(
    where(contains('a')),
    where((text) => text.length > 1),
  ),
]
export const alone: OperatorFunction<number, number> = where((n: number) => n > 1)
const isText = (value: unknown): value is string => typeof value === 'string'
export const narrowed: Observable<string> = of(1, 'a').pipe(where(isText))
// @ts-expect-error a test of texts on a stream of numbers
of(1).pipe(where(contains('a')))
// @ts-expect-error no such field
opened.pipe(where((event) => event.data.nope))
// @ts-expect-error a path without a test
opened.pipe(where('data.stars'))
// @ts-expect-error no test at all
where()

// ---- paths
opened.pipe(
  where('data.repo.full_name', eq('x/y')),
  where('data.labels.0.name', eq('bug')),
  where('data.rest.a.b', gt(3)),
)
// @ts-expect-error no such path
opened.pipe(where('data.nope', exists))
// @ts-expect-error no such path in the items
opened.pipe(where('data.labels.0.nope', exists))
// @ts-expect-error no path
opened.pipe(where('', exists))
// @ts-expect-error nor here
opened.pipe(where('data.labels', some(at('nope', exists))))
export const paths: Path<{ a: { b: number }[] }>[] = ['a', 'a.0', 'a.12.b']

// ---- operands have the type of the value at the path; an optional value needs no guard
opened.pipe(
  where('data.draft', eq(true)),
  where('data.draft', ne(null)),
  where('data.topics', contains('rxjs')),
  where('data.topics', each(startsWith('area/'))),
  where('data.topics', size(between(1, 3))),
  where('data.topics', isEmpty),
  where('data.labels', none(at('rank', gt(3)))),
)
opened.pipe(
  where('data.title', any(glob('fix*'), matches(/^feat/), eq('x', { ignoreCase: true }), oneOf('a', 'b'))),
  where('data.due', before(new Date())),
  where('created', all(before(new Date()), gt(0))),
  where('data.rest', isType('object')),
)
// @ts-expect-error text for a number
opened.pipe(where('data.stars', gt('3')))
// @ts-expect-error a number for text
opened.pipe(where('data.title', eq(1)))
// @ts-expect-error one of another kind
opened.pipe(where('data.title', oneOf(1, 2)))
// @ts-expect-error text tests are for texts
opened.pipe(where('data.stars', startsWith('3')))
// @ts-expect-error only what has a size
opened.pipe(where('data.stars', size(3)))
// @ts-expect-error only what can be empty
opened.pipe(where('data.stars', isEmpty))
// @ts-expect-error a test of the items that does not fit them
opened.pipe(where('data.topics', some(gt(3))))
// @ts-expect-error only lists have items
opened.pipe(where('data.title', some(exists)))
// @ts-expect-error only instants
opened.pipe(where('data.labels', before(new Date())))
// @ts-expect-error inside a composition too
opened.pipe(where('data.stars', not(all(gt(3), contains('x')))))

// ---- tests by themselves
export const number: Test<number | null | undefined> = all(gt(3), not(lt(2)), (n) => n !== null)
// @ts-expect-error an object has no equal: ask about its fields
eq({ a: 1 })
// @ts-expect-error nor has undefined: not(exists)
eq(undefined)
// @ts-expect-error truth has no order
gt(true)
// @ts-expect-error at least one
oneOf()
// @ts-expect-error two kinds
between(1, 'a')
// @ts-expect-error two kinds
between('a', 1)
// @ts-expect-error no such kind
isType('date')
// @ts-expect-error text is not a size
size('3')
// @ts-expect-error not a regular expression
matches('a')
// @ts-expect-error no such option
contains('a', { ignorecase: true })
// @ts-expect-error not an instant
before(true)

// ---- matching
matching({ event_type: ['in', ['a', 'b']], identifier: ['!=', '1'], created: ['<', new Date()], 'data.x.y': ['>', 3] })
export const types: readonly string[] | undefined = matching({ type: ['==', 'a'] }).types
// @ts-expect-error no such field
matching({ typ: ['==', 'a'] })
// @ts-expect-error no such operator
matching({ seq: ['<=', 3] })
// @ts-expect-error an identifier is text
matching({ identifier: ['==', 1] })
// @ts-expect-error truth has no order
matching({ 'data.x': ['<', true] })
// @ts-expect-error in takes a list
matching({ type: ['in', 'a'] })
