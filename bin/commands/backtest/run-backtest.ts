import { type Backtest, backtest, parseTime } from '../../../lib/cli.ts'
import type { Listener } from '../../../lib/index.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { askAt } from '../../logs/ask-log.ts'
import { logOfCode } from '../../logs/log-of-code.ts'
import type { LogCommandOptions } from '../../logs/which-log.ts'
import { printJson } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'
import { type AtRevision, atRevision } from '../../user/at-revision.ts'
import { findFile } from '../../user/find-file.ts'
import { listenerIn } from '../../user/find-listener.ts'
import { surviveErrors } from '../../user/guards.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'
import { searchOf } from '../events/search.ts'
import { printBacktest } from './print-backtest.ts'

/** Options of `tidings backtest`. */
export interface BacktestOptions extends LogCommandOptions, CodeOptions {
  readonly _: readonly string[]
  readonly against?: string | undefined
  readonly 'against-git'?: string | undefined
  readonly type?: readonly string[] | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly examples: number
}

/** Tests the pipe of a listener on a log, and prints the result; resolves to the exit code. */
export async function runBacktest(options: BacktestOptions): Promise<number> {
  const [file = '', name = ''] = options._
  const { against, 'against-git': revision } = options
  if (against !== undefined && revision !== undefined)
    throw new UsageError('--against and --against-git both say what to compare with: leave one out')
  const { logger } = await surroundings(options)
  const { listener, agent } = await listenerIn(file, name)
  const old = revision === undefined ? undefined : await atRevision(findFile(file), revision)
  try {
    const other = await otherListener(name, against, old, revision)
    surviveErrors(logger)
    const result = await testOn(await logOfCode(agent, options), listener, other, options)
    if (options.json) printJson(result)
    else await printBacktest(result, against ?? revision)
    return exitCodes.ok
  } finally {
    old?.remove()
  }
}

async function otherListener(
  name: string,
  against: string | undefined,
  old: AtRevision | undefined,
  revision: string | undefined,
): Promise<Listener | undefined> {
  if (against !== undefined) return (await listenerIn(against, name)).listener
  if (old === undefined) return undefined
  try {
    return (await listenerIn(old.path, name)).listener
  } catch (error) {
    // The folder is gone when the message is read.
    if (error instanceof Error) error.message = `at revision ${JSON.stringify(revision)}, ${error.message}`
    throw error
  }
}

function testOn(
  directory: string,
  listener: Listener,
  against: Listener | undefined,
  options: BacktestOptions,
): Promise<Backtest> {
  const { type, since, until, examples } = options
  const now = Date.now()
  const end = until === undefined ? now : Math.min(now, parseTime(until, now, { endOfDay: true }) ?? now)
  const types = type ?? typesOf(listener, against)
  return askAt(directory, async ({ events }) => {
    const last = await events.last()
    const progress = progressBar('testing')
    try {
      return await backtest({
        listener,
        against,
        events: events.list(searchOf({ type: types, since, until })),
        now: end,
        examples,
        seen: ({ seq }) => progress.show(seq, last),
      })
    } finally {
      progress.end()
    }
  })
}

// The types that one of them hears; undefined: all.
function typesOf(listener: Listener, against: Listener | undefined): readonly string[] | undefined {
  const all = [listener, ...(against === undefined ? [] : [against])].map(({ source }) => source.types)
  return all.includes(undefined) ? undefined : [...new Set(all.flatMap((types) => types ?? []))]
}
