// What only the command line uses: not part of the package's public surface.

export { isAgent } from './agent/define/agent.ts'
export { isStream } from './agent/define/stream.ts'
export { createLogger, type Level, levels } from './agent/logger.ts'
export { operationsOf } from './agent/operations/operations.ts'
export { steps } from './agent/operations/progress-stream.ts'
export { type Code, codeOf } from './agent/run/job-code.ts'
export { foreignNames, holdsLog, removeLog } from './agent/run/log-directory.ts'
export { didYouMean } from './core/did-you-mean.ts'
export { parseDuration } from './core/duration.ts'
export { processSecrets } from './core/secrets.ts'
export { isJob } from './job/job.ts'
export { isListener } from './listener/listener.ts'
