/** Keys of a terminal that would be signals if it were not read key by key. */
const SIGNALS: Readonly<Record<string, NodeJS.Signals>> = { '\u0003': 'SIGINT', '\u001A': 'SIGTSTP' }

/**
 * Calls an action for each key that has one. Does nothing unless standard input is a terminal. Returns what ends that;
 * however the process ends, the terminal is then as before.
 */
export function onKeys(actions: Readonly<Record<string, () => void>>): () => void {
  const { stdin } = process
  if (!stdin.isTTY) return () => undefined
  const byKey = (isByKey: boolean): void => {
    try {
      stdin.setRawMode(isByKey)
    } catch {
      // The terminal is gone.
    }
  }
  const press = (keys: string): void => {
    for (const key of keys) {
      const signal = SIGNALS[key]
      // While the process rests, the terminal is the shell's.
      if (signal === 'SIGTSTP') byKey(false)
      if (signal !== undefined) process.kill(process.pid, signal)
      else if (Object.hasOwn(actions, key)) actions[key]?.()
    }
  }
  const resume = (): void => byKey(true)
  const restore = (): void => byKey(false)
  const ignore = (): void => undefined
  stdin.setEncoding('utf8').on('data', press).on('error', ignore)
  process.on('SIGCONT', resume).on('exit', restore)
  byKey(true)
  return () => {
    process.off('SIGCONT', resume).off('exit', restore)
    stdin.off('data', press).pause()
    restore()
  }
}
