import { escape } from '../../lib/core/escape.ts'

/** The width of a bar, in columns, and its redraw interval, in ms. */
const WIDTH = 24
const PAUSE = 100

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
      if (!output.isTTY || now - drawn < PAUSE) return
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
