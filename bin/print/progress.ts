import { escape } from './escape.ts'

/** So long nobody wonders, in ms; and so often it is said that work goes on. */
const PATIENCE = 1000

/** Says on a terminal that work goes on, and for how long, until it is done; says nothing where it is done soon. */
export async function whileWaiting<T>(what: string, work: Promise<T>, output = process.stderr): Promise<T> {
  if (!output.isTTY) return work
  let seconds = 0
  const timer = setInterval(() => output.write(`\r${escape(what)} … ${(seconds += 1)} s`), PATIENCE)
  try {
    return await work
  } finally {
    clearInterval(timer)
    if (seconds > 0) output.write('\r\u001b[K')
  }
}
