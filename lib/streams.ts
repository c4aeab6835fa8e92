// What only streams/ uses: not part of the package's public surface.

export { systemClock } from './core/clock.ts'
export { defined } from './core/defined.ts'
export { didYouMean } from './core/did-you-mean.ts'
export { parseDuration } from './core/duration.ts'
export { describe, hasCode, quote } from './core/errors.ts'
export { Mutex } from './core/mutex.ts'
export { gt, gte, lt, oneOf } from './filter/comparison.ts'
export { all, any } from './filter/logic.ts'
export { at } from './filter/path.ts'
export { stateOf, thisProcess } from './level/store/owner.ts'
