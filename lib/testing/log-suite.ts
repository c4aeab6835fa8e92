import { checkOptions } from '../core/options.ts'
import { acceptTests, lastingAcceptTests } from './log-accept.ts'
import { againTests } from './log-again.ts'
import { Bench, type LogTests, type OpenLog } from './log-bench.ts'
import { claimTests, lastingClaimTests } from './log-claims.ts'
import { consumerTests } from './log-consumer.ts'
import { crashTests } from './log-crashes.ts'
import { dataTests, lastingDataTests } from './log-data.ts'
import { eventsTests } from './log-events.ts'
import { factsTests, lastingFactsTests } from './log-facts.ts'
import { holdTests } from './log-holds.ts'
import { recordedTests } from './log-recorded.ts'
import { recoveryTests } from './log-recovery.ts'
import { retryTests } from './log-retries.ts'
import { shardTests } from './log-shards.ts'
import { lastingStateTests, stateTests } from './log-state.ts'
import { lastingSteeringTests, steeringTests } from './log-steering.ts'
import { lastingTakeoverTests, takeoverTests } from './log-takeover.ts'
import { LONGEST } from './patience.ts'

export type { OpenedLog, OpenLog } from './log-bench.ts'

/** Options of `logSuite`. */
export interface LogSuite {
  /** Registers a test, with the signature of `it` in node:test and vitest. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** Opens a fresh, empty log for one test. */
  readonly open: OpenLog
  /** Whether acknowledged events survive a close or a crash and a reopen; default true. False skips those tests. */
  readonly survives?: boolean
  /** The number of values each law is tried with; default 20. */
  readonly runs?: number
  /**
   * How long a test waits for an event to be handed out before it fails, in ms of real time; default 30000. More for a
   * store that is slow or far away.
   */
  readonly patience?: number
}

const always: readonly LogTests[] = [
  acceptTests,
  againTests,
  recordedTests,
  dataTests,
  eventsTests,
  factsTests,
  consumerTests,
  retryTests,
  steeringTests,
  takeoverTests,
  stateTests,
  claimTests,
  holdTests,
  shardTests,
]
const lasting: readonly LogTests[] = [
  lastingAcceptTests,
  lastingDataTests,
  lastingFactsTests,
  recoveryTests,
  crashTests,
  lastingSteeringTests,
  lastingTakeoverTests,
  lastingStateTests,
  lastingClaimTests,
]

const KNOWN: { readonly [K in keyof Required<LogSuite>]: true } = {
  test: true,
  open: true,
  survives: true,
  runs: true,
  patience: true,
}

/**
 * The contract of a log as tests: every store of an agent's events must pass them all, unchanged.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for an unknown option
 *
 * @example
 * ```ts
 * import { describe, it } from 'node:test'
 * import { memoryLog } from 'tidings'
 * import { logSuite } from 'tidings/testing'
 *
 * describe('a log in memory', () => {
 *   logSuite({
 *     test: it,
 *     open: async (clock) => {
 *       const log = await memoryLog({ clock })
 *       return { log, remove: () => log.close() }
 *     },
 *     survives: false,
 *   })
 * })
 * ```
 */
export function logSuite(options: LogSuite): void {
  checkOptions(options, KNOWN, 'TIDINGS_LOG_INVALID', 'of logSuite()')
  const { test, open, survives = true, runs = 20, patience = LONGEST } = options
  for (const tests of survives ? [...always, ...lasting] : always) {
    for (const [name, run] of Object.entries(tests)) test(name, () => new Bench(open, { runs, patience }).run(run))
  }
}
