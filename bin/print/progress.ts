import { escape } from '../../lib/core/escape.ts'

/** The delay before the first progress message, and the interval between messages, in ms. */
const PATIENCE = 1000

/** Reports on a terminal that work continues, and for how long; prints nothing for short work. */
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
