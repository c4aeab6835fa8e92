export type {
  CallFault,
  ClockStepFault,
  CrashFault,
  DiskFullFault,
  Fault,
  FaultKinds,
  HandlerFault,
  LateFault,
  SlowFault,
} from '../agent/simulate/faults.ts'
export { harm } from '../agent/simulate/harm.ts'
export {
  HarmfulFaults,
  type SimulateOptions,
  simulate,
  type WorldOfSimulation,
  type WorldToSimulate,
} from '../agent/simulate/simulate.ts'
export type {
  Timeline,
  TimelineCounts,
  TimelineDay,
  TimelineDifference,
  TimelineOrigin,
} from '../agent/simulate/timeline.ts'
export type {
  TimelineCall,
  TimelineDelivery,
  TimelineEntry,
  TimelineEvent,
  TimelineFailure,
  TimelineMark,
  TimelineRun,
} from '../agent/simulate/timeline-entries.ts'
export { type Recording, type RecordOptions, recordWorld } from '../agent/try/record-world.ts'
export { replayWorld } from '../agent/try/replay-world.ts'
export { type AgentLawOptions, agentLaws } from './agent-laws.ts'
export { arbFaults } from './arb-faults.ts'
export { arbHistory, type HistoryIncident, type HistoryOptions, type HistoryPoll } from './arb-history.ts'
export { type ArbitraryParts, arbDraft, arbEvent } from './arbitraries.ts'
export type { LawOptions } from './check-law.ts'
export { deliverParked, type ParkedCase } from './deliver-parked.ts'
export { fc } from './fast-check.ts'
export { type ListenerLawOptions, listenerLaws } from './listener-laws.ts'
export { type LogSuite, logSuite, type OpenedLog, type OpenLog } from './log-suite.ts'
export { type PipeLawOptions, pipeLaws } from './pipe-laws.ts'
export { type StreamLawOptions, streamLaws } from './stream-laws.ts'
export type { PushMoment } from './stream-polls.ts'
export { faultyWorld, type PollFault } from './stream-world.ts'
export { type VirtualClock, virtualClock } from './virtual-clock.ts'
export type { AnyArbitrary, Service } from './watched-stream.ts'
export type { WorldCall } from './watched-world.ts'
