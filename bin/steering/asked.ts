import type { Which } from '../logs/which-log.ts'

/** What every command may be asked that looks at a log, or steers what runs on it. */
export interface Asked extends Which {
  readonly json?: boolean | undefined
  readonly yes?: boolean | undefined
}
