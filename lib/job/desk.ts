import type { Observable } from 'rxjs'
import type { Slot } from './slots.ts'

/** How a job is steered while it works, and who watches it. */
export interface Desk {
  /** Whether its schedule rests; emits at once, and whenever it is to begin again. */
  readonly paused$: Observable<boolean>
  /** Aborts when the job is paused: no run is tried again, and one that should never end has to. */
  rest(): AbortSignal
  /** Hears which slot is waited for; undefined: none is. */
  waits(slot: Date | undefined): void
  /** Its schedule failed: it makes no more slots. */
  failed(error: Error): void
  /** A slot has come whose run begins later, by its jitter; to be called back when that is over. */
  delayed(slot: Slot): () => void
  /** A slot has come, and is to be run; to be called back when it is done with. */
  came(slot: Slot): () => void
}
