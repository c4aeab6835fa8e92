export { type LogSuite, logSuite, type OpenedLog, type OpenLog } from './log-suite.ts'
export { type StreamLawOptions, streamLaws } from './stream-laws.ts'
export { type VirtualClock, virtualClock } from './virtual-clock.ts'
export type { AnyArbitrary } from './watched-stream.ts'
