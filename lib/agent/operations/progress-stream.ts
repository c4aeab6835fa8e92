import { fromWire, toWire, type WireError } from '../../core/wire-error.ts'
import type { Progress } from '../../log/upkeep.ts'

/** The progress of a longer operation; the last step is its result or its error. `resultOf` reads them. */
export type Step<A> =
  | {
      /** How much is done, in the unit of `all`. */
      readonly done: number
      /** How much there is to do: records or bytes, depending on the operation. */
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

/**
 * Resolves to the result of a longer operation. `progress` receives its progress.
 *
 * @throws the error with which the operation failed
 *
 * @example
 * ```ts
 * import { memoryLog, operations, resultOf } from 'tidings'
 *
 * const { ok } = await resultOf(operations(await memoryLog()).db.verify())
 * ```
 */
export async function resultOf<A>(all: AsyncIterable<Step<A>>, progress: Progress = () => undefined): Promise<A> {
  for await (const step of all) {
    if ('result' in step) return step.result
    if ('error' in step) throw fromWire(step)
    progress(step.done, step.all)
  }
  throw new Error('the work ended without a result')
}
