import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { until } from '../support/until.ts'
import { root } from './program.ts'

/** A program in a terminal of its own. */
export interface Terminal {
  readonly ended: Promise<number | null>
  /** What it shows so far: what the program prints, and what is typed. */
  shown(): string
  /** Resolves when it shows this. */
  shows(pattern: RegExp): Promise<unknown>
  type(keys: string): void
  /** Closes the terminal, as by closing its window. */
  close(): void
  /** The settings of the terminal, before and after the program ran. */
  settings(when: 'before' | 'after'): string
}

/** Runs `tidings` in a folder, in a terminal that `script` makes. `columns`: its width; default: it does not say. */
export function terminal(t: TestContext, cwd: string, args: readonly string[], columns?: number): Terminal {
  const program = [process.execPath, join(root, 'dist/bin/tidings.js'), ...args].join(' ')
  const size = columns === undefined ? '' : `stty cols ${columns} rows 24; `
  const command = `${size}stty -g > before; ${program}; code=$?; stty -g > after; exit $code`
  const env = { ...process.env, SHELL: '/bin/sh', NO_COLOR: '1', XDG_CACHE_HOME: join(root, '.cache') }
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd, env })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => (shown += more))
  child.stdin.on('error', () => undefined)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    ended,
    shown: () => shown,
    shows: (pattern) =>
      until(() => pattern.test(shown), `${pattern} in the terminal`).catch((error: Error) => {
        throw new Error(`${error.message}: ${shown}`)
      }),
    type: (keys) => void child.stdin.write(keys),
    close: () => void child.kill('SIGKILL'),
    settings: (when) => {
      const path = join(cwd, when)
      return existsSync(path) ? readFileSync(path, 'utf8') : `${when} is not known`
    },
  }
}
