import { spawn } from 'node:child_process'
import { onScreen } from '../docs/sessions/session.ts'

/** An answer that is typed when the output matches. */
export interface Answer {
  readonly to: RegExp
  readonly typed: string
}

/** The key that stops a program. */
export const CTRL_C = '\u0003'

/** The longest that a command may take, in ms. */
const LIMIT = 5 * 60_000

/** What was on the screen, and how the command ended. */
export interface TypedSession {
  readonly screen: string
  readonly code: number | null
}

/** Types a command on a terminal of 80 columns, and answers what it asks. */
export function typeOn(
  cwd: string,
  command: string,
  answers: readonly Answer[],
  env: NodeJS.ProcessEnv,
): Promise<TypedSession> {
  const inTerminal = `stty cols 80 rows 24; ${command}`
  const args =
    process.platform === 'linux' ? ['-qefc', inTerminal, '/dev/null'] : ['-q', '/dev/null', 'sh', '-c', inTerminal]
  const child = spawn('script', args, { cwd, env: { ...env, NO_COLOR: '1', TERM: 'dumb' } })
  const waiting = [...answers]
  let written = ''
  let seen = 0
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      written += text
      const [next] = waiting
      if (next === undefined || !next.to.test(written.slice(seen))) return
      seen = written.length
      waiting.shift()
      child.stdin.write(next.typed)
    })
  // A terminal that goes away takes the programs on it along.
  const limit = setTimeout(() => child.kill(), LIMIT)
  return new Promise((resolve, reject) => {
    child.on('error', ({ message }) => reject(new Error(`script, of the package util-linux, is needed: ${message}`)))
    child.on('close', (code) => {
      clearTimeout(limit)
      const [missing] = waiting
      if (missing === undefined) resolve({ code, screen: onScreen(written) })
      else reject(new Error(`$ ${command}\nended without ${missing.to}:\n${written}`))
    })
  })
}
