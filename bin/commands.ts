import type { Entries } from './command.ts'

/** Every command of `tidings`; each is loaded when it is called. */
export const tidings: Entries = {
  run: {
    summary: 'Run an agent until it is stopped.',
    load: async () => (await import('./commands/run.ts')).run,
  },
}
