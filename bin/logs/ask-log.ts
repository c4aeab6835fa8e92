import { setTimeout as sleep } from 'node:timers/promises'
import type { Code } from '../../lib/cli.ts'
import { didYouMean } from '../../lib/core/did-you-mean.ts'
import type { Log, LogOptions, Operations } from '../../lib/index.ts'
import { isPostgres } from '../../lib/log-places.ts'
import { UsageError } from '../cli/errors.ts'
import { printProblem } from '../print/print.ts'
import { showTimesIn } from '../print/times.ts'
import type { CodeOptions } from '../user/surroundings.ts'
import { logOfFile, type Which, whichLog } from './which-log.ts'

/**
 * Retry limits, in ms: an agent that is starting does not answer yet, and one that is stopping holds the log a moment
 * longer. An agent that takes longer than that to identify itself is not asked again.
 */
const PATIENCE = { whole: 1000, pause: 100 }

/** Requirements on a log, and the source of its jobs while no agent runs. */
interface Wanted {
  readonly identity?: LogOptions['identity'] | undefined
  readonly code?: ((log: Log) => Code) | undefined
}

/** Asks the agent that runs on the selected log or, if none runs, the log itself. */
export async function askLog<T>(which: Which, ask: (operations: Operations) => Promise<T>): Promise<T> {
  return askAt(await whichLog(which), ask)
}

/** Like `askLog`. While no agent runs, the agent in this file supplies the jobs. */
export async function askLogOrFile<T>(
  file: string | undefined,
  options: Which & CodeOptions,
  ask: (operations: Operations) => Promise<T>,
): Promise<T> {
  if (file === undefined) return askLog(options, ask)
  const [{ surroundings }, { loadAgent }] = await Promise.all([
    import('../user/surroundings.ts'),
    import('../user/load-agent.ts'),
  ])
  const own = await surroundings(options)
  const agent = await loadAgent(file)
  const { codeOf } = await import('../../lib/cli.ts')
  const directory = await (options.agent === undefined ? logOfFile(agent.name, file, options.db) : whichLog(options))
  return askAt(directory, ask, { code: (log) => codeOf(agent, log, own) })
}

/** Like `askLog`, for the log in this folder; a required `identity` always asks the log itself. */
export async function askAt<T>(
  directory: string,
  ask: (operations: Operations) => Promise<T>,
  wanted: Wanted = {},
): Promise<T> {
  const { on, close } = await reach(directory, wanted)
  try {
    return await ask(on)
  } catch (error) {
    throw withNames(error)
  } finally {
    await close()
  }
}

// The engine is loaded on demand: the help of a command must not wait for it.
async function reach(
  directory: string,
  { identity, code }: Wanted,
): Promise<{ readonly on: Operations; close(): Promise<void> }> {
  const { connect, memoryLog, TidingsError } = await import('../../lib/index.ts')
  const { holdsLog, operationsOf } = await import('../../lib/cli.ts')
  const { openPlace } = await import('./open-readable.ts')
  const begun = Date.now()
  for (;;) {
    const agent = identity === undefined ? await connect(directory) : undefined
    if (agent !== undefined) {
      // An agent of an older version does not know its zone.
      const { timezone } = await agent.health().catch(() => ({ timezone: undefined }))
      if (timezone !== undefined) showTimesIn(timezone)
      return { on: agent, close: async () => undefined }
    }
    try {
      const warn = (message: string): void => printProblem(message)
      // For code that has never run, an empty log answers.
      const isThere = isPostgres(directory) || code === undefined || (await holdsLog(directory))
      const open = isThere ? openPlace : () => memoryLog()
      const log = await open(directory, { warn, ...(identity === undefined ? {} : { identity }) })
      return { on: operationsOf(log, undefined, code?.(log)), close: () => log.close() }
    } catch (error) {
      if (!(error instanceof TidingsError) || error.code !== 'TIDINGS_LOG_LOCKED') throw error
      if (Date.now() - begun > PATIENCE.whole)
        throw new TidingsError(error.code, `${error.message}, where no agent answers`, { cause: error })
    }
    await sleep(PATIENCE.pause)
  }
}

// An unknown name is most often a misspelling.
function withNames(error: unknown): unknown {
  const { message, details } = error as Error & { readonly details?: { readonly name?: unknown; known?: unknown } }
  if (typeof details?.name !== 'string' || !Array.isArray(details.known)) return error
  const known = details.known.map(String)
  const words = didYouMean(details.name, known) || `; known: ${known.join(', ') || 'none'}`
  return new UsageError(message + words)
}
