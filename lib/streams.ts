// What only streams/ uses: not part of the package's public surface.

export { systemClock } from './core/clock.ts'
export { defined } from './core/defined.ts'
export { didYouMean } from './core/did-you-mean.ts'
export { parseDuration } from './core/duration.ts'
export { describe, hasCode, quote } from './core/errors.ts'
export { Mutex } from './core/mutex.ts'
export { stateOf, thisProcess } from './level/store/owner.ts'
