import type { Progress } from '../log/level-backup.ts'
import { fromWire, toWire, type WireError } from './wire-error.ts'

/** How far a longer work is; at last its result, or what went wrong. */
export type Step<A> = { readonly done: number; readonly all: number } | { readonly result: A } | WireError

/** Does a longer work, and tells how far it is. Nobody who stops listening stops it. */
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
  // Whoever is slow hears only how far it is now.
  while (last === undefined) {
    const step: Step<A> | undefined = latest
    latest = undefined
    if (step === undefined) await new Promise<void>((resolve) => (wake = resolve))
    else yield step
  }
  if (latest !== undefined) yield latest
  yield last
}

/** What a longer work comes to; `progress` hears how far it is. */
export async function resultOf<A>(all: AsyncIterable<Step<A>>, progress: Progress = () => undefined): Promise<A> {
  for await (const step of all) {
    if ('result' in step) return step.result
    if ('error' in step) throw fromWire(step)
    progress(step.done, step.all)
  }
  throw new Error('the work ended without a result')
}
