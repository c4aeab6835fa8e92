import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'

/** How long a condition may take on a busy machine, in ms of real time. */
const PATIENCE = 30_000

/** The number of turns of the event loop to wait one by one; after that, a few ms at a time. */
const TURNS = 100

/**
 * Waits for a condition, in real time: a virtual clock may stand still meanwhile. Resolves to the first answer of `met`
 * that is neither false nor undefined.
 *
 * @param what names the condition in the error
 * @throws Error after 30 s
 */
export async function until<T>(
  met: () => T | false | undefined | Promise<T | false | undefined>,
  what = String(met),
): Promise<T> {
  const late = performance.now() + PATIENCE
  for (let asked = 0; performance.now() < late; asked++) {
    const answer = await met()
    if (answer !== false && answer !== undefined) return answer
    await (asked < TURNS ? turn() : sleep(5))
  }
  throw new Error(`waited ${PATIENCE / 1000} s in vain for ${what}`)
}
