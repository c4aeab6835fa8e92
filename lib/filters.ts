/**
 * `tidings/filters`: the tests that `where` takes, and the filters with a memory. They are not at the root because some
 * have namesakes in rxjs.
 */
export * from './filter/index.ts'
export { changed } from './listener/memory/changed.ts'
export { countWithin } from './listener/memory/count-within.ts'
export { crossed } from './listener/memory/crossed.ts'
export { type DigestOptions, digest, type Times } from './listener/memory/digest.ts'
export { firstPer } from './listener/memory/first-per.ts'
export type { Per } from './listener/memory/memory-filter.ts'
export { settled } from './listener/memory/settled.ts'
