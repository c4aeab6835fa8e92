import { fork } from 'node:child_process'
import { extname, join } from 'node:path'
import type { Step } from '../../../lib/index.ts'

/** A child process that died before it sent its result. */
export class ChildDied extends Error {
  override readonly name: string = 'ChildDied'
  readonly signal: NodeJS.Signals | null

  constructor(signal: NodeJS.Signals | null, output: string) {
    super(`the process that reads the log died (${signal ?? 'it exited'})${output === '' ? '' : `: ${output}`}`)
    this.signal = signal
  }
}

/**
 * Runs a file of `bin/children/` in a child process.
 *
 * @throws ChildDied when that process does not end by itself
 */
export async function* inChild<A>(name: 'verify-log' | 'repair-log', question: object): AsyncGenerator<Step<A>> {
  const path = join(import.meta.dirname, '../../children', `${name}${extname(import.meta.filename)}`)
  const child = fork(path, [JSON.stringify(question)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const queue: Step<A>[] = []
  let output = ''
  let ended: { readonly signal: NodeJS.Signals | null } | undefined
  let wake: () => void = () => undefined
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-2000)))
  child.on('message', (step) => (queue.push(step as Step<A>), wake()))
  child.on('close', (_code, signal) => ((ended = { signal }), wake()))
  try {
    for (;;) {
      const step = queue.shift()
      if (step !== undefined) yield step
      else if (ended !== undefined) throw new ChildDied(ended.signal, output.trim().split('\n').at(-1) ?? '')
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    child.kill('SIGKILL')
    if (ended === undefined) await new Promise((resolve) => child.on('close', resolve))
  }
}
