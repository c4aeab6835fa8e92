/**
 * `tidings/filters`: the tests that `where` takes. They are not at the root because some have namesakes in rxjs.
 */
export { between, eq, gt, gte, lt, lte, ne, oneOf } from './comparison.ts'
export type { TextOptions } from './fold.ts'
export { fromJSON } from './from-json.ts'
export type { Kind } from './kind.ts'
export { each, none, size, some } from './list.ts'
export { all, any, not } from './logic.ts'
export type { Ordered, Scalar } from './operand.ts'
export { type At, at, type Path } from './path.ts'
export { exists, isEmpty, isType } from './presence.ts'
export type { Maybe, Test, Wide } from './test.ts'
export { contains, endsWith, glob, matches, startsWith } from './text.ts'
export { after, before, type Instant } from './time.ts'
