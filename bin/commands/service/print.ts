import { didYouMean } from '../../../lib/core/did-you-mean.ts'
import { escapeLines } from '../../../lib/core/escape.ts'
import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { common } from '../../cli/options.ts'
import { printJson, print as printText } from '../../print/print.ts'
import { unitFolder, unitOptions, unitsOf } from './units.ts'

export const print = command({
  summary: 'Print the units of systemd that run the agents of a project: all of them, or one.',
  takes: ['[UNIT]'],
  options: { ...unitOptions, json: common.json },
  examples: [
    ['', 'Prints all units, each with the name of its file'],
    ['tidings@.service', 'Prints one of them, for a file'],
    ['--user', 'Prints those that need no root'],
  ],
  run: async (given) => {
    const units = unitsOf(given)
    const [name] = given._
    const chosen = name === undefined ? units : units.filter((unit) => unit.name === name)
    const names = units.map((unit) => unit.name)
    if (name !== undefined && chosen.length === 0) {
      const near = didYouMean(name, names) || `; the units: ${names.join(', ')}`
      throw new UsageError(`there is no unit ${JSON.stringify(name)}${near}`)
    }
    if (given.json) printJson(chosen)
    else {
      const title = (unit: string): string => (name === undefined ? `# ${unitFolder(given.user)}/${unit}\n` : '')
      await printText(escapeLines(chosen.map((unit) => title(unit.name) + unit.text).join('\n')))
    }
    return exitCodes.ok
  },
})
