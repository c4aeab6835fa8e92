export { type Agent, agent, isAgent, type Part } from './agent/define/agent.ts'
export {
  defineStream,
  isStream,
  type Stream,
  type StreamDefinition,
  type StreamFactory,
} from './agent/define/stream.ts'
export { createLogger, type Level, levels } from './agent/logger.ts'
export type { DbOperations, Verified } from './agent/operations/db.ts'
export type { EventQuestion } from './agent/operations/event-search.ts'
export type { EventOperations, FollowQuestion } from './agent/operations/events.ts'
export type { ImportAnswer, SkippedLine } from './agent/operations/import-events.ts'
export type { JobOperations, JobResetAnswer, NextAnswer, RunAnswer } from './agent/operations/jobs.ts'
export type { ListedJob } from './agent/operations/list-jobs.ts'
export type { ListenerOperations, Reset, ResetAnswer } from './agent/operations/listeners.ts'
export { type Operations, operations } from './agent/operations/operations.ts'
export type { ParkedEvent, ParkedOperations, ParkedRow } from './agent/operations/parked.ts'
export type { PauseAnswer } from './agent/operations/pausing.ts'
export { resultOf, type Step, steps } from './agent/operations/progress-stream.ts'
export type { JobRow, ListenerRow } from './agent/operations/rows.ts'
export type { DryDraft, DryRun } from './agent/run/dry-run.ts'
export type { Health, JobHealth, ListenerHealth, LogHealth } from './agent/run/health.ts'
export { type Code, codeOf } from './agent/run/job-code.ts'
export { foreignNames, holdsLog, removeLog } from './agent/run/log-directory.ts'
export type { Running } from './agent/run/running.ts'
export type { JobStatus, ListenerStatus, Status } from './agent/run/status.ts'
export { connect } from './agent/socket/client.ts'
export { type StartOptions, start } from './agent/start.ts'
export type { Heard } from './agent/try/hear-once.ts'
export { type Published, type TryOutOptions, type TryOutReport, tryOut } from './agent/try/try-out.ts'
export type { Clock } from './core/clock.ts'
export type { Context, Publish, State } from './core/context.ts'
export { Cancel, Park, Retry } from './core/control.ts'
export { didYouMean } from './core/did-you-mean.ts'
export { type Duration, parseDuration } from './core/duration.ts'
export type { ErrorInfo } from './core/error-info.ts'
export { type ErrorCode, type ErrorDetails, TidingsError } from './core/errors.ts'
export type { Accepted, Draft, Receipt, StoredEvent } from './core/event.ts'
export {
  type AnyEventType,
  type EventOf,
  type EventType,
  eventType,
  type TypeOptions,
  type UntypedEventType,
} from './core/event-type.ts'
export type { Exec, ExecResult } from './core/exec.ts'
export type { JsonValue } from './core/json.ts'
export type { Limits } from './core/limits.ts'
export type { ContextLogger, Logger } from './core/logger.ts'
export { processSecrets, type Secrets } from './core/secrets.ts'
export type { World } from './core/world.ts'
export { type Matching, matching } from './filter/matching.ts'
export type { At, Path } from './filter/path.ts'
export type { Test } from './filter/test.ts'
export { where } from './filter/where.ts'
export { drafts } from './job/drafts.ts'
export { type Drafts, isJob, type Job, type JobContext, job, type Run } from './job/job.ts'
export { runOnce } from './job/run-once.ts'
export type { RunReport, RunRow, RunStatus } from './job/run-report.ts'
export type { JobOptions } from './job/settings.ts'
export type { LevelLog } from './level/level-log.ts'
export { type LogOptions, memoryLog, openLog } from './level/open-log.ts'
export { type Repaired, repairLog } from './level/repair-log.ts'
export { type Restored, restoreLog } from './level/restore-log.ts'
export type { BackedUp, Progress } from './level/upkeep/backup.ts'
export type { Compacted } from './level/upkeep/compact.ts'
export type { Stats } from './level/upkeep/stats.ts'
export type { Problem } from './level/upkeep/verify.ts'
export { type Delivery, isListener, type Listener, type ListenerOptions, listener } from './listener/listener.ts'
export { type On, on } from './listener/on.ts'
export type { Claim, RunRecord } from './log/claim.ts'
export { distinctByIdentifier, type EventOfDraft } from './log/distinct.ts'
export { events$, type FollowOptions } from './log/events.ts'
export type {
  Consumer,
  ConsumerInfo,
  ConsumerOptions,
  Entry,
  Handed,
  KeyValue,
  Lag,
  Log,
  Origin,
  Parked,
  Query,
  Retrying,
  Start,
  Write,
  Writes,
} from './log/port.ts'
export type { HeldBy, Pruned, Retention } from './log/retention.ts'
export * from './schedule/index.ts'
