import { type ChildProcess, spawn } from 'node:child_process'
import type { Orders } from './programs/orders.ts'

/** How a process ended. */
export interface Death {
  readonly signal: NodeJS.Signals | null
  readonly code: number | null
  readonly stderr: string
}

/** A running program, which will be killed or end by itself. */
export interface Mortal {
  readonly child: ChildProcess
  /** Resolves when the program has reported that its log is open, or has ended. */
  readonly open: Promise<void>
  readonly ended: Promise<Death>
}

/** Starts a compiled program with its orders. */
export function run(program: string, orders: Orders): Mortal {
  const child = spawn(process.execPath, [program, JSON.stringify(orders)], { stdio: 'pipe' })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Death>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stderr }))
  })
  const open = new Promise<void>((resolve) => {
    child.stdout.once('data', () => resolve())
    void ended.then(() => resolve())
  })
  return { child, open, ended }
}

/** Kills it after `ms`, unless it has ended before; resolves when it has ended. */
export async function killAfter({ child, ended }: Mortal, ms: number): Promise<Death & { readonly byItself: boolean }> {
  let byItself = true
  const timer = setTimeout(() => {
    byItself = false
    child.kill('SIGKILL')
  }, ms)
  const death = await ended
  clearTimeout(timer)
  return { ...death, byItself }
}
