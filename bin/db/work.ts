import { resultOf, type Step } from '../../lib/index.ts'
import { progressBar } from '../print/progress-bar.ts'

/** Waits for a longer work, with a bar on a terminal that says how far it is. */
export async function withBar<A>(what: string, work: AsyncIterable<Step<A>>): Promise<A> {
  const progress = progressBar(what)
  try {
    return await resultOf(work, progress.show)
  } finally {
    progress.end()
  }
}
