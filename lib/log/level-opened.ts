import type { Cursor } from './level-records.ts'
import type { Waiting } from './level-retries.ts'
import type { Deaths } from './level-suspects.ts'
import type { Consumer } from './port.ts'

/** What the store knows of a consumer when it is opened. */
export interface Opened {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly cursor: Cursor
  readonly waiting: readonly Waiting[]
  readonly parked: readonly number[]
  readonly suspects: Deaths
}
