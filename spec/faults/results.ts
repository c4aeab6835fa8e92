import { appendFileSync } from 'node:fs'

/** The result of one suite, as a row of the tables in docs/delivery.md and docs/storage.md. */
export interface Result {
  /** The name of a row of the table. */
  readonly row: string
  readonly tier: 'fast' | 'slow'
  readonly rounds: string
  readonly result: string
}

/** Appends the result to the file that `TIDINGS_RESULTS` names, if any. Call it last, so that a failed suite has none. */
export function shown(result: Result): void {
  const file = process.env['TIDINGS_RESULTS']
  if (file !== undefined && file !== '') appendFileSync(file, `${JSON.stringify(result)}\n`)
}
