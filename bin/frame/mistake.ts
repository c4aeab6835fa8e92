/** What the exit codes say. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, inUse: 3 } as const

/** A command line that asks for what does not exist or makes no sense. One sentence, and exit code 2. */
export class Mistake extends Error {
  override readonly name: string = 'Mistake'
}

/** What was asked for in the right way, and went wrong. One sentence without a stack, and exit code 1. */
export class Failure extends Error {
  override readonly name: string = 'Failure'
}
