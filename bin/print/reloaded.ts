import type { Difference, PartChange, Reloaded } from '../../lib/index.ts'
import { plural } from './format.ts'

/** What a reload has changed, one line for each job and listener, and one for the log. `log`: its folder. */
export function reloadedLines({ changes, last }: Reloaded, log: string | undefined): readonly string[] {
  const parts = changes.length === 0 ? ['= jobs and listeners as before'] : changes.map(changeLine)
  const events = last === undefined ? 'which has failed' : plural(last, 'event')
  return [...parts, `= log ${log ?? 'in memory'}, ${events}`]
}

const SIGNS = { added: '+', removed: '-', renamed: '~', changed: '~' } as const

function changeLine({ part, name, change, formerly, from, differences = [] }: PartChange): string {
  const origin = from === undefined ? '' : from === 'cursor' ? ' (continues)' : ` (from ${from})`
  const was = formerly === undefined ? [] : [`was ${formerly}`]
  const details = [...was, ...differences.map(differenceWords)].join(', ')
  return `${SIGNS[change]} ${part} ${name}${origin}${details === '' ? '' : `  ${details}`}`
}

// The words of a schedule need no name, and `every` not twice.
function differenceWords({ what, before, after }: Difference): string {
  if (before === undefined || after === undefined) return what
  if (what !== 'schedule') return `${what} ${before} → ${after}`
  const every = 'every '
  const isTwice = before.startsWith(every) && after.startsWith(every)
  return `${before} → ${isTwice ? after.slice(every.length) : after}`
}
