import { isPostgres } from '../../../lib/log-places.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading, running } from '../../cli/options.ts'
import { askAt } from '../../logs/ask-log.ts'
import { shownPlace, type Which, whichLog } from '../../logs/which-log.ts'
import { printJson, printLine, printProblem } from '../../print/print.ts'
import { reloadedLines } from '../../print/reloaded.ts'
import type { CodeOptions } from '../../user/surroundings.ts'

export const reload = command({
  summary:
    'Make the running agent load its code again, and show what has changed. The new code is loaded and checked before the old one stops: if it is wrong, the exit code is 1, and the agent runs on as before. With FILE, loads that first, and asks the agent of its name. On a log in PostgreSQL, each agent loads its own file, one after the other; --json prints one object an agent (NDJSON).',
  takes: ['[FILE]'],
  options: { ...running, ...reading },
  examples: [
    ['', 'Reloads the agent on the only log in .tidings'],
    ['agents/hello.ts', 'Checks agents/hello.ts, and reloads its agent'],
    ['--db /var/lib/tidings/hello', 'Reloads the agent that runs on this log'],
    ['--db postgres://db.example/tidings', 'Reloads all agents that share this log'],
  ],
  run: async (given) => {
    const [file] = given._
    const directory = await (file === undefined ? whichLog(given) : logOf(file, given))
    if (isPostgres(directory)) return reloadAll(directory, given.json === true)
    const reloaded = await askAt(directory, (operations) => operations.reload())
    if (given.json) printJson(reloaded)
    else for (const line of reloadedLines(reloaded, directory)) printLine(line)
    return exitCodes.ok
  },
})

// Each agent answers for itself.
async function reloadAll(place: string, json: boolean): Promise<number> {
  const answers = await askAt(place, ({ agents }) => agents.reload())
  for (const { agent, host, pid, reloaded, error } of answers) {
    if (json) printJson({ agent, host, pid, reloaded, error })
    else {
      if (reloaded !== undefined) printLine(`agent ${JSON.stringify(agent)} on ${host}, pid ${pid}`)
      for (const line of reloaded === undefined ? [] : reloadedLines(reloaded, shownPlace(place)))
        printLine(`  ${line}`)
    }
    if (error !== undefined) printProblem(`agent ${JSON.stringify(agent)} on ${host}, pid ${pid}: ${error}`)
  }
  if (answers.length === 0) printProblem(`no agent runs on ${shownPlace(place)}`)
  const isDone = answers.length > 0 && answers.every(({ error }) => error === undefined)
  return isDone ? exitCodes.ok : exitCodes.failed
}

async function logOf(file: string, given: CodeOptions & Which): Promise<string> {
  const [{ surroundings }, { loadAgent }, { logOfCode }] = await Promise.all([
    import('../../user/surroundings.ts'),
    import('../../user/load-agent.ts'),
    import('../../logs/log-of-code.ts'),
  ])
  await surroundings(given)
  return logOfCode(await loadAgent(file), given)
}
