import { escape } from '../../lib/core/escape.ts'
import type { Step } from '../../lib/index.ts'

/** The delay before the first progress message, and the interval between messages, in ms. */
const PAUSE = 1000

/** Reports on a terminal that work continues, and for how long; prints nothing for short work. */
export async function whileWaiting<T>(what: string, work: Promise<T>, output = process.stderr): Promise<T> {
  if (!output.isTTY) return work
  let seconds = 0
  const timer = setInterval(() => output.write(`\r${escape(what)} … ${(seconds += 1)} s`), PAUSE)
  try {
    return await work
  } finally {
    clearInterval(timer)
    if (seconds > 0) output.write('\r\u001b[K')
  }
}

/** The width of a bar, in columns. */
const WIDTH = 24

/** How often a bar is redrawn, in ms. */
const REDRAW = 100

/** The progress of a task, shown on a terminal. */
export interface ProgressBar {
  /** Shows `done` of `all`, in any unit; without `all`, only the amount so far. */
  show(done: number, all?: number): void
  /** Removes the bar, so that later output takes its place. */
  end(): void
}

/** Creates a progress bar on a terminal; elsewhere it prints nothing. */
export function progressBar(what: string, output = process.stderr): ProgressBar {
  let drawn = Number.NEGATIVE_INFINITY
  return {
    show(done, all) {
      const now = Date.now()
      if (!output.isTTY || now - drawn < REDRAW) return
      drawn = now
      output.write(
        `\r${escape(what)} ${all === undefined ? `… ${done}` : `${bar(done / all)} ${percent(done / all)}`}\u001b[K`,
      )
    },
    end() {
      if (drawn > 0) output.write('\r\u001b[K')
      drawn = Number.NEGATIVE_INFINITY
    },
  }
}

/** Draws a bar of blocks, filled to a fraction from 0 to 1. */
export function bar(part: number, width = WIDTH): string {
  const full = Math.round(within(part) * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`
}

function percent(part: number): string {
  return `${Math.floor(within(part) * 100)} %`
}

function within(part: number): number {
  return Math.min(1, Math.max(0, Number.isNaN(part) ? 1 : part))
}

/** Waits for a long operation, with a progress bar on a terminal. */
export async function withBar<A>(what: string, steps: AsyncIterable<Step<A>>): Promise<A> {
  const { resultOf } = await import('../../lib/index.ts')
  const progress = progressBar(what)
  try {
    return await resultOf(steps, progress.show)
  } finally {
    progress.end()
  }
}
