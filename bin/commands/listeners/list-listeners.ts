import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { logFor, type Which } from '../../logs/which-log.ts'
import { printJson } from '../../print/json.ts'
import { printRows } from '../../print/rows.ts'
import { note } from '../../print/tell.ts'
import { loadAgent } from '../../user/load-agent.ts'

const HEAD = ['listener', 'cursor', 'behind', 'running', 'retrying', 'parked', 'first seen', 'state']

/**
 * Prints the listeners of a log: a table, or with `json` one object a line. With an agent's file, marks the listeners
 * that the agent no longer has. Resolves to the exit code.
 */
export async function listListeners(
  file: string | undefined,
  asked: Which & { readonly json?: boolean | undefined },
): Promise<number> {
  const agent = file === undefined ? undefined : await loadAgent(file)
  const which = agent === undefined || asked.agent !== undefined ? asked : { db: logFor(agent.name, asked.db) }
  return askLog(which, async ({ listeners }) => {
    const known = agent?.listeners.map(({ name }) => name)
    const all = await listeners.list(known === undefined ? {} : { known })
    if (asked.json) for (const listener of all) printJson(listener)
    else {
      const rows = all.map(({ name, cursor, behind, running, retrying, parked, created, orphaned, paused }) => [
        name,
        ...[cursor, behind, running, retrying, parked].map(String),
        created,
        [...(orphaned ? ['orphaned'] : []), ...(paused ? ['paused'] : [])].join(', ') || '-',
      ])
      if ((await printRows(HEAD, rows)) === 0) note('no listeners')
    }
    return exitCodes.ok
  })
}
