/** Exit codes by meaning. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, inUse: 3 } as const

/** An invalid command line. The message is one sentence; the exit code is 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

/** A valid command that failed. The message is one sentence without a stack; the exit code is 1. */
export class Failure extends Error {
  override readonly name: string = 'Failure'
}
