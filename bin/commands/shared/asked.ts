import type { Which } from '../../logs/which-log.ts'

/** Options of every command that reads a log or steers an agent on it. */
export interface Asked extends Which {
  readonly json?: boolean | undefined
  readonly yes?: boolean | undefined
}
