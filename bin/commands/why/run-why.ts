import { exitCodes } from '../../cli/errors.ts'
import { askAt } from '../../logs/ask-log.ts'
import { logOfCode } from '../../logs/log-of-code.ts'
import type { LogCommandOptions } from '../../logs/which-log.ts'
import { printJson } from '../../print/print.ts'
import { listenerIn } from '../../user/find-listener.ts'
import { surviveErrors } from '../../user/guards.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'
import { type Explained, explain } from './explain.ts'
import { printWhy } from './print-why.ts'

/** Options of `tidings why`. */
export interface WhyOptions extends LogCommandOptions, CodeOptions {
  readonly _: readonly string[]
}

/** Explains an event at a listener; resolves to the exit code. */
export async function runWhy(options: WhyOptions): Promise<number> {
  const [event = '', name = '', file] = options._
  const { logger } = await surroundings(options)
  const found = file === undefined ? undefined : await listenerIn(file, name)
  if (found !== undefined) surviveErrors(logger)
  const directory = await logOfCode(found?.agent, options)
  const explained = await askAt(directory, (on) => explain(on, event, found?.listener ?? name))
  if (options.json) printJson(jsonOf(explained))
  else await printWhy(event, explained)
  return ['unknown', 'listener-unknown'].includes(explained.reason) ? exitCodes.failed : exitCodes.ok
}

function jsonOf({ reason, answer, code }: Explained): object {
  if (code === undefined) return { reason, ...answer }
  const { trace, blockedBy } = code
  const { fate, ...pipe } = trace
  // Values may be anything; how many there are is enough.
  const passes = fate?.kind === 'passes' ? { values: fate.values.length, ...(fate.batch && { batch: fate.batch }) } : {}
  const how = fate === undefined || fate.kind === 'passes' ? {} : fate
  return {
    reason,
    ...answer,
    pipe: { ...pipe, ...(fate && { fate: { ...how, kind: fate.kind, ...passes } }) },
    ...(blockedBy && { blockedBy }),
  }
}
