import { fromWire, toWire, type WireError } from '../../core/wire-error.ts'
import type { Progress } from '../../level/upkeep/backup.ts'

/** The progress of a longer operation; the last step is its result or its error. */
export type Step<A> =
  | {
      /** The units of work done so far, such as bytes or records. */
      readonly done: number
      /** All units of work. */
      readonly all: number
    }
  | {
      /** The result of the operation. */
      readonly result: A
    }
  | WireError

/** Runs a longer operation and yields its progress. It continues when the consumer stops reading. */
export async function* steps<A>(work: (progress: Progress) => Promise<A>): AsyncGenerator<Step<A>> {
  let latest: Step<A> | undefined
  let last: Step<A> | undefined
  let wake: () => void = () => undefined
  const end = (step: Step<A>): void => {
    last = step
    wake()
  }
  const progress: Progress = (done, all) => {
    latest = { done, all }
    wake()
  }
  work(progress).then(
    (result) => end({ result }),
    (error: unknown) => end(toWire(error)),
  )
  // A slow consumer gets only the latest progress.
  while (last === undefined) {
    const step: Step<A> | undefined = latest
    latest = undefined
    if (step === undefined) await new Promise<void>((resolve) => (wake = resolve))
    else yield step
  }
  if (latest !== undefined) yield latest
  yield last
}

/** Resolves to the result of a longer operation. `progress` receives its progress. */
export async function resultOf<A>(all: AsyncIterable<Step<A>>, progress: Progress = () => undefined): Promise<A> {
  for await (const step of all) {
    if ('result' in step) return step.result
    if ('error' in step) throw fromWire(step)
    progress(step.done, step.all)
  }
  throw new Error('the work ended without a result')
}
