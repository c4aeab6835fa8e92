import { existsSync, readFileSync } from 'node:fs'
import { until } from './until.ts'

/** Whether a process is running. A zombie is not: it has ended, and waits for its parent to collect it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = `/proc/${pid}/stat`
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'))
}

/** A shell that writes its process id to `$1` and that of a child of its own to `$2`; neither ends by itself. */
export const family = ['sh', ['-c', 'sleep 600 & echo $! > "$2"; echo $$ > "$1"; wait', 'sh']] as const

/** The same, and both ignore SIGTERM. */
export const stubborn = [
  'sh',
  ['-c', 'trap "" TERM; sleep 600 & echo $! > "$2"; echo $$ > "$1"; wait; sleep 600', 'sh'],
] as const

/** The process ids that programs wrote to these files, once they are there. */
export function pidsIn(files: readonly string[]): Promise<number[]> {
  return until(
    () => {
      const texts = files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))
      return texts.every((text) => text.endsWith('\n')) && texts.map(Number)
    },
    `process ids in ${files.join(', ')}`,
  )
}

export function untilEnded(pids: readonly number[]): Promise<unknown> {
  return until(() => !pids.some(isRunning), `the end of ${pids.join(', ')}`)
}
