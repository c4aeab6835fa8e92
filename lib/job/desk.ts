import type { Observable } from 'rxjs'
import type { Slot } from './slots.ts'

/** How a job is steered while it works, and who watches it. */
export interface Desk {
  /** Whether its schedule rests; emits at once. */
  readonly paused$: Observable<boolean>
  /** Aborts when the job is paused: a run that should never end has to, then. */
  rest(): AbortSignal
  /** Hears which slot is waited for; undefined: none is. */
  waits(slot: Date | undefined): void
  /** A slot has come, and is to be run; to be called back when it is done with. */
  came(slot: Slot): () => void
}
