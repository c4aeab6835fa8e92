// What only the command line uses: not part of the package's public surface.

export { isAgent } from './agent/define/agent.ts'
export { isStream } from './agent/define/stream.ts'
export {
  type Backtest,
  type BacktestCounts,
  type BacktestDay,
  type BacktestGroup,
  backtest,
} from './agent/inspect/backtest.ts'
export type { ExplainedTest } from './agent/inspect/explain-test.ts'
export { type Finding, lintRules } from './agent/inspect/finding.ts'
export { graphOf } from './agent/inspect/graph.ts'
export { dotOf } from './agent/inspect/graph-dot.ts'
export { mermaidOf } from './agent/inspect/graph-mermaid.ts'
export { pictured } from './agent/inspect/graph-picture.ts'
export { svgOf } from './agent/inspect/graph-svg.ts'
export { lint } from './agent/inspect/lint.ts'
export type { Seen } from './agent/inspect/seen.ts'
export { remembers, type TracedStep, tracePipe } from './agent/inspect/trace-pipe.ts'
export { reasonOf, type WhyCode, type WhyReason, whyReasons } from './agent/inspect/why-reason.ts'
export { createLogger, type Level, levels } from './agent/logger.ts'
export { copyLog } from './agent/operations/copy-log.ts'
export { deferredOperations } from './agent/operations/deferred.ts'
export { withoutSecrets } from './agent/operations/parked-exchange.ts'
export { steps } from './agent/operations/progress-stream.ts'
export { page } from './agent/page/page.ts'
export type { Page, PageOptions } from './agent/page/page-options.ts'
export { operationsOn as operationsOf } from './agent/peers/operations-on.ts'
export { dryRun } from './agent/run/dry-run.ts'
export { type Code, codeOf } from './agent/run/job-code.ts'
export { foreignNames, removeLog } from './agent/run/log-directory.ts'
export { examineLog, initLog, initLogSql, openExisting, type PostgresAddress } from './agent/run/open-log.ts'
export { type FaultKinds, faultKinds, PendingFaults } from './agent/simulate/faults.ts'
export { harm } from './agent/simulate/harm.ts'
export { listeningAgent } from './agent/simulate/listening-agent.ts'
export { type Random, randomOf } from './agent/simulate/random.ts'
export { Recorder, type WatchedDelivery } from './agent/simulate/recorder.ts'
export {
  HarmfulFaults,
  type Simulated,
  simulated,
  type WorldToSimulate,
} from './agent/simulate/simulate.ts'
export { withSimulatedGlobals } from './agent/simulate/simulated-globals.ts'
export { type Caller, SimulatedWorld } from './agent/simulate/simulated-world.ts'
export { Timeline } from './agent/simulate/timeline.ts'
export { describeCall } from './agent/simulate/timeline-entries.ts'
export { type WatchHost, watchedAgent } from './agent/simulate/watched-agent.ts'
export { controlOf, startByHand } from './agent/start.ts'
export {
  backlogOf,
  type DryEffect,
  type DryEvent,
  dryEffects,
  dryHost,
  wouldBe,
} from './agent/try/dry-effects.ts'
export { placeholder, type Recording, recordWorld } from './agent/try/record-world.ts'
export { replay } from './agent/try/replay-world.ts'
export { realPause, type SteppedClock, systemClock } from './core/clock.ts'
export { didYouMean } from './core/did-you-mean.ts'
export { formatDuration, parseDuration } from './core/duration.ts'
export { lines } from './core/lines.ts'
export { parseTime } from './core/parse-time.ts'
export { processSecrets } from './core/secrets.ts'
export { checkWorld } from './core/world.ts'
export { isJob } from './job/job.ts'
export { nextBackup, rotateBackups } from './level/rotate-backups.ts'
export { holdsLog } from './level/store/log-files.ts'
export { isListener } from './listener/listener.ts'
