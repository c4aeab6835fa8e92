import { isPostgres } from '../../../lib/log-places.ts'
import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { common } from '../../cli/options.ts'
import { shownPlace } from '../../logs/which-log.ts'
import { print, printJson, printLine } from '../../print/print.ts'

export const init = command({
  summary:
    'Make a log in PostgreSQL, and the roles SCHEMA_agent and SCHEMA_reader that may use it, so that agents need no right to make tables. With --print-sql, print the statements instead, for a person who may run them.',
  takes: ['ADDRESS'],
  options: {
    'print-sql': { type: 'boolean', describe: 'Print the statements, and connect to nothing' },
    json: common.json,
  },
  examples: [
    ['"postgres://admin@db.example/tidings?schema=home"', 'Makes the log in the schema home'],
    ['"postgres://db.example/tidings?schema=home" --print-sql', 'Prints the statements, to be read and run by psql'],
  ],
  run: async ({ _: [address = ''], json, 'print-sql': printed }) => {
    if (!isPostgres(address)) {
      const example = 'such as postgres://db.example/tidings?schema=home'
      throw new UsageError(
        `db init makes a log in PostgreSQL: it takes an address ${example}, got ${JSON.stringify(shownPlace(address))}`,
      )
    }
    const { initLog, initLogSql } = await import('../../../lib/cli.ts')
    if (printed) {
      const sql = await initLogSql(address)
      if (json) printJson({ sql })
      else await print(sql)
      return exitCodes.ok
    }
    const { schema, roles } = await initLog(address)
    if (json) printJson({ schema, roles })
    else {
      printLine(`the log is in the schema ${schema} of ${shownPlace(address)}`)
      printLine(`grant ${roles[0]} to those who run agents, and ${roles[1]} to those who only read`)
    }
    return exitCodes.ok
  },
})
