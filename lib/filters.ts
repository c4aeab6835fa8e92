/**
 * `tidings/filters`: the tests that `where` takes, and the filters with a memory. They are not at the root because some
 * have namesakes in rxjs.
 */
export { between, eq, gt, gte, lt, lte, ne, oneOf } from './filter/comparison.ts'
export type { TextOptions } from './filter/fold.ts'
export { fromJSON } from './filter/from-json.ts'
export type { Kind } from './filter/kind.ts'
export { each, none, size, some } from './filter/list.ts'
export { all, any, not } from './filter/logic.ts'
export type { Ordered, Scalar } from './filter/operand.ts'
export { type At, at, type Path } from './filter/path.ts'
export { exists, isEmpty, isType } from './filter/presence.ts'
export type { Maybe, Test, Wide } from './filter/test.ts'
export { contains, endsWith, glob, matches, startsWith } from './filter/text.ts'
export { after, before, type Instant } from './filter/time.ts'
export { changed } from './listener/memory/changed.ts'
export { countWithin } from './listener/memory/count-within.ts'
export { crossed } from './listener/memory/crossed.ts'
export { type DigestOptions, digest, type Times } from './listener/memory/digest.ts'
export { firstPer } from './listener/memory/first-per.ts'
export type { Per } from './listener/memory/memory-filter.ts'
export { settled } from './listener/memory/settled.ts'
