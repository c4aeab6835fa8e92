import type { Consumer } from '../../log/port.ts'
import type { Cursor } from '../format/records.ts'
import type { Waiting } from './retries.ts'
import type { Deaths } from './suspects.ts'

/** What the store knows of a consumer when it is opened. */
export interface StoredConsumer {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly cursor: Cursor
  readonly waiting: readonly Waiting[]
  readonly parked: readonly number[]
  readonly suspects: Deaths
}
