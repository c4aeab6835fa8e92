import { closeSync, constants, openSync } from 'node:fs'
import type { Logger } from '../../lib/index.ts'
import { exitCodes } from '../cli/errors.ts'

/** Logs uncaught errors of a user's code, such as one thrown in a timer, and keeps the agent running. */
export function surviveErrors(logger: Logger): void {
  process.on('uncaughtException', (err) => logger.error({ err }, 'uncaught exception'))
  process.on('unhandledRejection', (err) => {
    if (!isRefusedPublish(err)) logger.error({ err }, 'unhandled rejection')
  })
}

// A rejected publish failed its run or delivery, which is already logged.
function isRefusedPublish(error: unknown): boolean {
  const { code, details } = (error ?? {}) as {
    readonly code?: unknown
    readonly details?: { readonly identifier?: unknown }
  }
  return String(code).startsWith('TIDINGS_') && details?.identifier !== undefined
}

/**
 * Logs a failure of standard output once, such as a full disk, and keeps the agent running. Resolves when standard
 * output has no reader left, as in `tidings run hello.ts | head`.
 */
export function untilUnread(logger: Logger): Promise<void> {
  let told = false
  return new Promise((resolve) => {
    process.stdout.removeAllListeners('error').on('error', (err: NodeJS.ErrnoException) => {
      if (err.code === 'EPIPE') resolve()
      if (!told) logger.warn({ err }, 'standard output fails')
      told = true
    })
  })
}

/**
 * Resolves with the first SIGINT or SIGTERM, and keeps the process alive until then; a second one exits at once. SIGHUP
 * calls `hangUp`; it stops like the others without that, and if the terminal was closed, which is all that it means on
 * Windows. It never exits at once: a closing terminal and its shell may each send one.
 */
export function untilSignal(hangUp?: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const alive = setInterval(() => undefined, 2 ** 30)
    const stop = (name: NodeJS.Signals): void => {
      clearInterval(alive)
      resolve(name)
    }
    let asked = 0
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        asked += 1
        if (asked > 1) process.exit(exitCodes.failed)
        stop(name)
      })
    }
    const hadTerminal = hasTerminal()
    process.on('SIGHUP', (name) => {
      const isClosed = process.platform === 'win32' || (hadTerminal && !hasTerminal())
      if (isClosed || hangUp === undefined) stop(name)
      else hangUp()
    })
  })
}

/** Whether a terminal controls this process; a closed one controls nothing. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY))
    return true
  } catch {
    return false
  }
}
