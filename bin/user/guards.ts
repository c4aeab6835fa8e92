import type { Logger } from '../../lib/index.ts'
import { exitCodes } from '../frame/mistake.ts'

/** Keeps the values of known secrets out of everything that this process prints, whoever prints it. */
export function keepSecret(scrub: (text: string) => string): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (chunk: unknown, ...more: unknown[]) => boolean
    stream.write = (chunk: unknown, ...more: unknown[]) =>
      write(typeof chunk === 'string' ? scrub(chunk) : chunk, ...more)
  }
}

/** What nobody catches in a user's code, such as an error in a timer, is said; the agent goes on. */
export function surviveErrors(logger: Logger): void {
  process.on('uncaughtException', (err) => logger.error({ err }, 'uncaught exception'))
  process.on('unhandledRejection', (err) => {
    if (!isRefusedPublish(err)) logger.error({ err }, 'unhandled rejection')
  })
}

// A publish that was refused failed its run or delivery, which is said already.
function isRefusedPublish(error: unknown): boolean {
  const { code, details } = (error ?? {}) as {
    readonly code?: unknown
    readonly details?: { readonly identifier?: unknown }
  }
  return String(code).startsWith('TIDINGS_') && details?.identifier !== undefined
}

/** A promise of the first SIGINT or SIGTERM, which keeps the process alive until then. A second signal exits at once. */
export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const alive = setInterval(() => undefined, 2 ** 30)
    let stopping = false
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        if (stopping) process.exit(exitCodes.failed)
        stopping = true
        clearInterval(alive)
        resolve(name)
      })
    }
  })
}
