// What only streams/ uses: not part of the package's public surface.

export { defined } from './core/defined.ts'
export { didYouMean } from './core/did-you-mean.ts'
export { parseDuration } from './core/duration.ts'
export { describe, hasCode, quote } from './core/errors.ts'
