import { relative } from 'node:path'
import type { Agent, Logger } from '../../../lib/index.ts'
import { UsageError } from '../../cli/errors.ts'
import { printJson, printNote } from '../../print/print.ts'
import { reloadedLines } from '../../print/reloaded.ts'
import type { AgentCode } from '../../user/agent-code.ts'
import { type Company, type LiveAgent, type RunOptions, runAgent } from '../run/run-agent.ts'
import { FileWatch } from './file-watch.ts'
import { onKeys } from './keys.ts'

/** Options of `tidings dev`. */
export type DevOptions = Omit<RunOptions, 'once' | 'dry' | 'memory' | 'retain'>

/** Runs an agent, and reloads it whenever its code changes, until a signal; resolves to the exit code. */
export function devAgent(options: DevOptions): Promise<number> {
  const reloads = { printed: false }
  const company: Company = {
    load: (code) => loadAtLast(code),
    logger: (logger) => withoutPrinted(logger, reloads),
    begin: (live) => follow(live, reloads, options.json === true),
  }
  return runAgent(options, company)
}

/** Loads the code; as long as it is wrong, says so and waits for a change. */
async function loadAtLast(code: AgentCode): Promise<Agent> {
  for (;;) {
    try {
      return await code.load()
    } catch (error) {
      // A misspelt command line does not become right by waiting.
      if (error instanceof UsageError) throw error
      printNote(`${(error as Error).message}; waiting for a change`)
      await change(code)
    }
  }
}

function change({ files, began }: AgentCode): Promise<void> {
  return new Promise((resolve) => {
    const watch = new FileWatch(() => {
      watch.close()
      resolve()
    })
    void watch.follow(files, began)
  })
}

/** Whether the reload under way is printed here, for a person, so that its log lines are not needed. */
interface Reloads {
  printed: boolean
}

function follow({ running, code, directory, openPage }: LiveAgent, reloads: Reloads, isJson: boolean): () => void {
  let last = Promise.resolve()
  const reload = (files: readonly string[]): void => void (last = last.then(() => reloadNow(files)))
  const watch = new FileWatch(reload)
  const reloadNow = async (files: readonly string[]): Promise<void> => {
    reloads.printed = true
    try {
      const reloaded = await running.reload()
      if (isJson) printJson({ ...reloaded, files })
      const reason = files.map((file) => relative(process.cwd(), file)).join(', ')
      const lines = isJson
        ? []
        : [`reloaded${reason === '' ? '' : `: ${reason}`}`, ...reloadedLines(reloaded, directory)]
      for (const line of lines) printNote(line)
    } catch (error) {
      if (isJson) printJson({ error: (error as Error).message, files })
      else printNote((error as Error).message)
    }
    reloads.printed = false
    await watch.follow(code.files, code.began)
  }
  void watch.follow(code.files, code.began)
  const quit = (): void => void process.kill(process.pid, 'SIGINT')
  const page = (): void =>
    void openPage().then(
      (address) => printNote(`page: ${address}`),
      (error: Error) => printNote(error.message),
    )
  const endKeys = onKeys({ r: () => reload([]), u: page, q: quit, '\u0004': quit })
  const keys = process.stdin.isTTY ? '; r reloads, u opens the page, q quits' : ''
  if (!isJson) printNote(`reloads when one of ${code.files.length} files changes${keys}`)
  return () => {
    watch.close()
    endKeys()
  }
}

const LINES: readonly unknown[] = ['reloading agent', 'agent reloaded', 'agent not reloaded']

function withoutPrinted(logger: Logger, reloads: Reloads): Logger {
  const without = Object.create(logger) as Logger
  for (const level of ['info', 'error'] as const) {
    without[level] = function (this: Logger, ...said) {
      if (!reloads.printed || !LINES.includes(said[1])) logger[level].apply(this, said)
    }
  }
  return without
}
