import { steps } from '../../lib/cli.ts'
import { type Step } from '../../lib/index.ts'

/** Runs the task in its first argument (JSON) in this child process, and reports progress to the parent. */
export async function serveParent<Q, A>(
  work: (question: Q, progress: (done: number, all: number) => void) => Promise<A>,
): Promise<void> {
  const question = JSON.parse(process.argv[2] ?? 'null') as Q
  const tell = (step: Step<A>): Promise<void> =>
    new Promise((resolve, reject) => process.send?.(step, (error) => (error === null ? resolve() : reject(error))))
  for await (const step of steps((progress) => work(question, progress))) await tell(step)
  process.disconnect()
}
