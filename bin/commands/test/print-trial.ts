import type { TryOutReport } from '../../../lib/index.ts'
import { complain } from '../../print/complain.ts'
import { printJson } from '../../print/json.ts'
import { printRows } from '../../print/rows.ts'
import { some } from '../../print/words.ts'

const HEAD = ['', 'type', 'identifier', 'seq', 'outcome']

/**
 * Prints the outcome of a trial as a table or one JSON object, and the failures in words. `scrub` removes secrets
 * before their lines are indented.
 */
export async function printTrial(
  { run, published, heard }: TryOutReport,
  asJson: boolean,
  scrub: (text: string) => string,
): Promise<void> {
  const error = run?.error
  if (asJson) {
    const failed = error === undefined ? {} : { error: { name: error.name, message: error.message } }
    printJson({ ...(run === undefined ? {} : { run: { ...run, ...failed } }), published, heard })
  } else {
    await printRows(HEAD, [
      ...published.map(({ type, identifier, seq, status }) => ['published', type, identifier, String(seq), status]),
      ...heard.map((each) => ['heard', each.type, each.identifier, String(each.seq), outcome(each)]),
    ])
  }
  if (error !== undefined) complain(`job ${JSON.stringify(run?.job)} failed: ${scrub(error.message)}`)
  const failures = heard.filter((each) => each.error !== undefined).length
  if (failures > 0) complain(`the listener failed over ${failures} of ${some(heard.length, 'event')}`)
}

function outcome({ error, values }: TryOutReport['heard'][number]): string {
  if (error !== undefined) return `failed: ${error.message}`
  if (values === 0) return 'did not pass its filters'
  return values === 1 ? 'handled' : `handled (${some(values, 'value')})`
}
