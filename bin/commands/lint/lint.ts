import type { Finding } from '../../../lib/cli.ts'
import { loadWidths, wrap } from '../../../lib/core/columns.ts'
import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading, running } from '../../cli/options.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine, printNote, widthOf } from '../../print/print.ts'

export const lint = command({
  summary:
    'Look for mistakes in the agent that a module exports, without running it: filters that nothing passes, listeners that nothing feeds, schedules that have ended. If the agent has a log, what it shows counts too. Each finding has a code, which docs/lint.md explains. --json prints an array.',
  takes: ['FILE'],
  options: {
    ignore: { type: 'array', string: true, describe: 'Leave out findings with this code; may be repeated' },
    ...running,
    ...reading,
  },
  examples: [
    ['hello.ts', 'Checks the agent in hello.ts'],
    ['hello.ts --ignore event-unheard', 'Allows events that only a person or another job reads'],
  ],
  failsIf: 'there is a finding',
  run: async (given) => {
    const [file = ''] = given._
    const ignored = given.ignore ?? []
    const [{ lint: inspect, lintRules, didYouMean }, { inspectedAgent }] = await Promise.all([
      import('../../../lib/cli.ts'),
      import('../shared/inspected-agent.ts'),
    ])
    for (const code of ignored) {
      const codes = Object.keys(lintRules)
      const near = didYouMean(code, codes) || `; known: ${codes.join(', ')}`
      if (!codes.includes(code)) throw new UsageError(`--ignore: there is no rule ${JSON.stringify(code)}${near}`)
    }
    const inspected = await inspectedAgent(file, given)
    const findings = inspect({ ...inspected, now: Date.now() }).filter(({ code }) => !ignored.includes(code))
    if (given.json) printJson(findings)
    else {
      await loadWidths()
      printFindings(findings)
    }
    printNote(findings.length === 0 ? `no findings in ${file}` : `${plural(findings.length, 'finding')} in ${file}`)
    return findings.length === 0 ? exitCodes.ok : exitCodes.failed
  },
})

function printFindings(findings: readonly Finding[]): void {
  let part: string | undefined
  for (const finding of findings) {
    if (finding.part !== part) printLine(finding.part)
    part = finding.part
    const words = `  ${finding.code}: ${finding.message} ${finding.fix}`
    for (const line of wrap(words, widthOf(process.stdout))) printLine(line)
  }
}
