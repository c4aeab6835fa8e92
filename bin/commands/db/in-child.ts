import { fork } from 'node:child_process'
import { extname, join } from 'node:path'
import type { Step } from '../../../lib/index.ts'

/** A child process that died before it sent its result. */
export class Died extends Error {
  override readonly name: string = 'Died'
  readonly signal: NodeJS.Signals | null

  constructor(signal: NodeJS.Signals | null, said: string) {
    super(`the process that reads the log died (${signal ?? 'it exited'})${said === '' ? '' : `: ${said}`}`)
    this.signal = signal
  }
}

/**
 * Runs a file of `bin/children/` in a child process.
 *
 * @throws Died when that process does not end by itself
 */
export async function* inChild<A>(name: 'verify-log' | 'repair-log', question: object): AsyncGenerator<Step<A>> {
  const path = join(import.meta.dirname, '../../children', `${name}${extname(import.meta.filename)}`)
  const child = fork(path, [JSON.stringify(question)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const queue: Step<A>[] = []
  let said = ''
  let ended: { readonly signal: NodeJS.Signals | null } | undefined
  let wake: () => void = () => undefined
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  child.on('message', (step) => (queue.push(step as Step<A>), wake()))
  child.on('close', (_code, signal) => ((ended = { signal }), wake()))
  try {
    for (;;) {
      const step = queue.shift()
      if (step !== undefined) yield step
      else if (ended !== undefined) throw new Died(ended.signal, said.trim().split('\n').at(-1) ?? '')
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    child.kill('SIGKILL')
    if (ended === undefined) await new Promise((resolve) => child.on('close', resolve))
  }
}
