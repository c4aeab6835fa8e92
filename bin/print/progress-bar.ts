import { escape } from './escape.ts'

/** So wide is a bar, and so often it is drawn, in ms. */
const WIDTH = 24
const PAUSE = 100

/** How far a work is, shown on a terminal. */
export interface ProgressBar {
  /** `done` of `all`, in any unit; without `all`, only how much there was so far. */
  show(done: number, all?: number): void
  /** Takes it back: what is said after it is said instead. */
  end(): void
}

/** A bar that says how far a work is, on a terminal; elsewhere, nothing. */
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

/** A bar of blocks that is full to this part, 0 to 1. */
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
