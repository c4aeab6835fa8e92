import { appendFileSync } from 'node:fs'

/** What one suite has shown, as a row of the table in docs/delivery.md. */
export interface Result {
  /** The name of a row of the table. */
  readonly row: string
  readonly tier: 'fast' | 'slow'
  readonly rounds: string
  readonly result: string
}

/** Written down when asked: `TIDINGS_RESULTS` names a file. Call it last: what failed was not shown. */
export function shown(result: Result): void {
  const file = process.env['TIDINGS_RESULTS']
  if (file !== undefined && file !== '') appendFileSync(file, `${JSON.stringify(result)}\n`)
}
