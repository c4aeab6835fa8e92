import { isPostgres } from '../../../lib/log-places.ts'
import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { whichLog } from '../../logs/which-log.ts'
import { printJson } from '../../print/print.ts'
import { printRows } from '../../print/rows.ts'

export const doctor = command({
  summary:
    'Examine a server of PostgreSQL and the log in it: version, durability, standbys, snapshots held open, rights, clock, notifications, agents and disk. Changes nothing, and needs no agent.',
  failsIf: 'there is a problem, not only a warning',
  takes: [],
  options: reading,
  examples: [
    ['--db postgres://db.example/tidings', 'Shows what was found, a line each'],
    ['--db "postgres://db.example/tidings?schema=home" --json', 'Prints the same for a program'],
  ],
  run: async (given) => {
    const place = await whichLog(given)
    if (!isPostgres(place))
      throw new UsageError(
        `doctor examines a server of PostgreSQL; for the log in ${place}, see tidings health and tidings db verify`,
      )
    const { examineLog } = await import('../../../lib/cli.ts')
    const findings = await examineLog(place)
    const ok = findings.every(({ level }) => level !== 'problem')
    if (given.json) printJson({ ok, findings })
    else
      await printRows(
        [],
        findings.map(({ about, level, message }) => [level, about, message]),
      )
    return ok ? exitCodes.ok : exitCodes.failed
  },
})
