// The public surface of the package, by the stages that data passes. What only the command line uses is in cli.ts.

// Core: events, their types, time, errors, the world of a job or a handler.

export type { CancelTimer, Clock } from './core/clock.ts'
export type { Context, Publish, State } from './core/context.ts'
export { Cancel, Park, Retry } from './core/control.ts'
export type { Duration } from './core/duration.ts'
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
export type { Histogram } from './core/histogram.ts'
export type { JsonValue } from './core/json.ts'
export type { Limits } from './core/limits.ts'
export type { ContextLogger, Logger } from './core/logger.ts'
export type { Secrets } from './core/secrets.ts'
export type { WireError } from './core/wire-error.ts'
export type { World } from './core/world.ts'

// Schedules: when a job runs.

export {
  always,
  anyOf,
  type Count,
  cron,
  type Every,
  every,
  inZone,
  type MonthDay,
  type Months,
  manual,
  nextRuns,
  once,
  type Schedule,
  type ScheduleKind,
  type Weekday,
  type Weeks,
  weekdays,
} from './schedule/index.ts'

// Jobs: a schedule and a function that publishes.

export { drafts } from './job/drafts.ts'
export type { FloodLimits } from './job/flood-rule.ts'
export { type Drafts, type Job, type JobContext, job, type Run } from './job/job.ts'
export { type ContextParts, runOnce } from './job/run-once.ts'
export type { Counts, RunReport, RunRow, RunStatus } from './job/run-report.ts'
export type { JobOptions, JobSettings } from './job/settings.ts'

// The log: what happened, once each.

export { openLog, type PostgresAddress } from './agent/run/open-log.ts'
export type { LevelLog } from './level/level-log.ts'
export { type LogOptions, memoryLog } from './level/open-log.ts'
export { type Repaired, repairLog } from './level/repair-log.ts'
export { type Restored, restoreLog } from './level/restore-log.ts'
export type { BackedUp } from './level/upkeep/backup.ts'
export type { Compacted } from './level/upkeep/compact.ts'
export type { Claim, ClaimOptions, Completion, OpenSlot, RunRecord, SlotPlan, SlotsOfJob } from './log/claim.ts'
export { distinctByIdentifier, type EventOfDraft } from './log/distinct.ts'
export { events$, type FollowOptions } from './log/events.ts'
export type { LogMeter, TypeMeter } from './log/log-meter.ts'
export type {
  Consumer,
  ConsumerInfo,
  ConsumerOptions,
  Entry,
  EventPlace,
  Handed,
  Hold,
  KeyValue,
  Lag,
  Log,
  Origin,
  Parked,
  Query,
  Recorded,
  Retrying,
  RetryPlan,
  Span,
  Start,
  Stored,
  TypeCount,
  Write,
  Writes,
} from './log/port.ts'
export type { HeldBy, Pruned, Retention } from './log/retention.ts'
export type { Keys } from './log/shards.ts'
export type { HeldSnapshot, Problem, Progress, ServerStats, Stats } from './log/upkeep.ts'
export type { PostgresOptions } from './postgres/open-postgres.ts'
export type { PostgresLog } from './postgres/postgres-log.ts'

// Filters: which events a listener hears. The tests that `where` takes are in `tidings/filters`.

export type { Criterion } from './filter/criterion.ts'
export { type Criteria, type Matching, matching } from './filter/matching.ts'
export type { At, Path } from './filter/path.ts'
export type { Test } from './filter/test.ts'
export { where } from './filter/where.ts'

// Listeners: durable subscribers.

export {
  type Delivery,
  type Handler,
  type Listener,
  type ListenerOptions,
  type ListenerSettings,
  listener,
} from './listener/listener.ts'
export { type AnyOperator, type On, on, type Source } from './listener/on.ts'

// Agents and streams: a named set of jobs and listeners, and what it is made of.

export { type Agent, type AgentOptions, agent, type Part } from './agent/define/agent.ts'
export {
  defineStream,
  type OptionsSchema,
  type Stream,
  type StreamDefinition,
  type StreamFactory,
  type StreamUse,
} from './agent/define/stream.ts'

// Running: an agent as a whole, or one of its parts alone.

export type { LoggedLine } from './agent/run/logged-lines.ts'
export type { Difference, PartChange } from './agent/run/part-changes.ts'
export type { Reloaded } from './agent/run/reloaded.ts'
export type { Running } from './agent/run/running.ts'
export type { JobStatus, ListenerStatus, Status } from './agent/run/status.ts'
export { type StartOptions, start } from './agent/start.ts'
export type { Heard } from './agent/try/hear-once.ts'
export { type AgainQuery, type Published, type TryOutOptions, type TryOutReport, tryOut } from './agent/try/try-out.ts'

// Operations: what the command line does, for programs: on a log, or on the agent that runs on it.

export type { Graph, GraphEdge, GraphNode } from './agent/inspect/graph.ts'
export type { EventFlow, Flow, ListenerFlow } from './agent/inspect/seen.ts'
export type {
  WhyAnswer,
  WhyAttempts,
  WhyDelivery,
  WhyDraft,
  WhyEvent,
  WhyFailedRun,
  WhyState,
  WhyVerdict,
} from './agent/inspect/why-answer.ts'
export type { AgentOperations, AgentReload } from './agent/operations/agents.ts'
export type { DbOperations, Verified } from './agent/operations/db.ts'
export type { EventQuestion } from './agent/operations/event-search.ts'
export type { EventOperations, FollowQuestion, TallyQuestion } from './agent/operations/events.ts'
export type { LiveGraph } from './agent/operations/graph.ts'
export type { HearingState } from './agent/operations/hearing.ts'
export type { ImportAnswer, ImportOptions, SkippedLine } from './agent/operations/import-events.ts'
export type { HeldAnswer, JobOperations, JobResetAnswer, NextAnswer, RunAnswer } from './agent/operations/jobs.ts'
export type { ListedJob } from './agent/operations/list-jobs.ts'
export type { ListenerOperations, Reset, ResetAnswer } from './agent/operations/listeners.ts'
export type { LiveBatch, LiveQuestion } from './agent/operations/live.ts'
export type { Operations } from './agent/operations/operations.ts'
export type {
  ParkedAnswer,
  ParkedBulk,
  ParkedOperations,
  ParkedRow,
  TakeParked,
} from './agent/operations/parked.ts'
export type { KnownCall, ParkedEvent, ParkedExchange } from './agent/operations/parked-exchange.ts'
export type { ParkedGroup } from './agent/operations/parked-groups.ts'
export type { ParkedMatch } from './agent/operations/parked-match.ts'
export type { PauseAnswer } from './agent/operations/pausing.ts'
export { resultOf, type Step } from './agent/operations/progress-stream.ts'
export type { ReplayAnswer, ReplayOperations, ReplayQuestion, ReplayRow } from './agent/operations/replay.ts'
export type { RetryingOperations, RetryingRow } from './agent/operations/retrying.ts'
export type { JobRow, ListenerRow } from './agent/operations/rows.ts'
export type { SearchAnswer, SearchQuestion } from './agent/operations/search-events.ts'
export type { EventRef, EventStory, StoryRun } from './agent/operations/story.ts'
export type { StoryListener, StoryOutcome } from './agent/operations/story-listeners.ts'
export type { KeyCount, Tally, TallyOptions } from './agent/operations/tally.ts'
export type { TimelineQuestion, TimelineRow } from './agent/operations/timeline.ts'
export type { TypeOperations, TypeRow } from './agent/operations/types.ts'
export { operations } from './agent/peers/operations-on.ts'
export type { AgentRow, HeldParts } from './agent/run/agent-row.ts'
export type { Attention } from './agent/run/attention.ts'
export type { DryDraft, DryRun } from './agent/run/dry-run.ts'
export type { AgentHealth, Health, JobHealth, ListenerHealth, LogHealth } from './agent/run/health.ts'
export type { DeliveryRow } from './agent/run/recent-deliveries.ts'
export { connect } from './agent/socket/client.ts'
export type { HandlerCall } from './dispatch/handler-calls.ts'
