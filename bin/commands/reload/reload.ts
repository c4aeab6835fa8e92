import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading, running } from '../../cli/options.ts'
import { askAt } from '../../logs/ask-log.ts'
import { type Which, whichLog } from '../../logs/which-log.ts'
import { printJson, printLine } from '../../print/print.ts'
import { reloadedLines } from '../../print/reloaded.ts'
import type { CodeOptions } from '../../user/surroundings.ts'

export const reload = command({
  summary:
    'Make the running agent load its code again, and show what has changed. The new code is loaded and checked before the old one stops: if it is wrong, the exit code is 1, and the agent runs on as before. With FILE, loads that first, and asks the agent of its name.',
  takes: ['[FILE]'],
  options: { ...running, ...reading },
  examples: [
    ['', 'Reloads the agent on the only log in .tidings'],
    ['agents/hello.ts', 'Checks agents/hello.ts, and reloads its agent'],
    ['--db /var/lib/tidings/hello', 'Reloads the agent that runs on this log'],
  ],
  run: async (given) => {
    const [file] = given._
    const directory = await (file === undefined ? whichLog(given) : logOf(file, given))
    const reloaded = await askAt(directory, (operations) => operations.reload())
    if (given.json) printJson(reloaded)
    else for (const line of reloadedLines(reloaded, directory)) printLine(line)
    return exitCodes.ok
  },
})

async function logOf(file: string, given: CodeOptions & Which): Promise<string> {
  const [{ surroundings }, { loadAgent }, { logOfCode }] = await Promise.all([
    import('../../user/surroundings.ts'),
    import('../../user/load-agent.ts'),
    import('../../logs/log-of-code.ts'),
  ])
  await surroundings(given)
  return logOfCode(await loadAgent(file), given)
}
