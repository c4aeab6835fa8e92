import { resultOf, type Step } from '../../../lib/index.ts'
import { progressBar } from '../../print/progress-bar.ts'

/** Waits for a long task, with a progress bar on a terminal. */
export async function withBar<A>(what: string, work: AsyncIterable<Step<A>>): Promise<A> {
  const progress = progressBar(what)
  try {
    return await resultOf(work, progress.show)
  } finally {
    progress.end()
  }
}
