import { basename, resolve } from 'node:path'
import { codeOf, deferredOperations, page } from '../../../lib/cli.ts'
import { connect } from '../../../lib/index.ts'
import { isPostgres } from '../../../lib/log-places.ts'
import { exitCodes } from '../../cli/errors.ts'
import { type LogCommandOptions, logFor, whichLog } from '../../logs/which-log.ts'
import { print, printJson } from '../../print/print.ts'
import { untilSignal } from '../../user/guards.ts'
import { loadAgent } from '../../user/load-agent.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'
import { type PageFlags, pageOptions, portOf } from '../shared/agent-page.ts'
import { LogView } from './log-view.ts'

/** Options of `tidings ui`. */
interface UiOptions extends LogCommandOptions, CodeOptions, PageFlags {
  readonly file?: string | undefined
  readonly port?: number | undefined
}

/** Serves the page of a log until a signal; resolves to the exit code. */
export async function serveUi(options: UiOptions): Promise<number> {
  const port = portOf('--port', options.port)
  const own = await surroundings(options)
  const agent = options.file === undefined ? undefined : await loadAgent(options.file)
  const directory =
    agent === undefined || options.agent !== undefined ? await whichLog(options) : logFor(agent.name, options.db)
  const view = new LogView(directory, agent && ((log) => codeOf(agent, log, own)), own.logger)
  const runs = isPostgres(directory)
    ? (await (await view.answering()).agents.list())[0]?.agent
    : (await (await connect(directory))?.status())?.agent
  const said = pageOptions(options)
  const opened = await page(
    deferredOperations(() => view.answering()),
    {
      ...said,
      agent: runs ?? agent?.name ?? (isPostgres(directory) ? 'tidings' : basename(resolve(directory))),
      timezone: agent?.timezone,
      // The tokens of a page are kept with the log, in a folder.
      directory: isPostgres(directory) ? undefined : directory,
      port,
      logger: own.logger,
      scrub: own.secrets.scrub,
      readOnly: () => view.resting || said.readOnly?.() === true,
    },
  )
  const { address, readOnlyAddress } = opened
  if (options.json) printJson({ address, readOnlyAddress })
  // Whole, however narrow the terminal: half an address opens nothing.
  else await print(`${address}\n`)
  await untilSignal()
  await opened.close()
  await view.close()
  return exitCodes.ok
}
