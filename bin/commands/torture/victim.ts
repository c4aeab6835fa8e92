import { type ChildProcess, execFile, fork } from 'node:child_process'
import { extname, join } from 'node:path'
import type { FromAgent, Orders, ToAgent } from './messages.ts'

/** How many characters of its last words are kept. */
const WORDS = 2000

/** How a life ended. */
export interface End {
  /** Whether we have killed it. */
  readonly killed: boolean
  /** The last line that it wrote to standard error. */
  readonly words: string
}

/** One life of a tortured agent, in a process of its own. */
export class Victim {
  /** Resolves once it runs, or has ended before that. */
  readonly up: Promise<void>
  readonly ended: Promise<End>
  readonly #child: ChildProcess
  #isUp = false
  #killed = false
  #over = false

  constructor(orders: Orders, told: (message: FromAgent) => void) {
    const path = join(import.meta.dirname, '../../children', `tortured-agent${extname(import.meta.filename)}`)
    const child = fork(path, [JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#child = child
    let words = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-WORDS)))
    this.ended = new Promise((resolve) => {
      child.on('close', () => {
        this.#over = true
        resolve({ killed: this.#killed, words: words.trim().split('\n').at(-1) ?? '' })
      })
    })
    const running = new Promise<void>((resolve) => {
      child.on('message', (message: FromAgent) => {
        if (message.told === 'up') {
          this.#isUp = true
          resolve()
        }
        told(message)
      })
    })
    this.up = Promise.race([running, this.ended.then(() => undefined)])
  }

  /** Whether it runs, and has not ended. */
  get isUp(): boolean {
    return this.#isUp && !this.#over && !this.#killed
  }

  tell(message: ToAgent): void {
    // It may be dead already.
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  kill(): void {
    this.#killed = true
    this.#child.kill('SIGKILL')
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** Lets it write no byte more to any file, or as many as it likes. */
  async limitFiles(isFull: boolean): Promise<void> {
    // Only the soft limit, so that it can be raised again. Node ignores the signal of an exceeded limit.
    const size = isFull ? '0:unlimited' : 'unlimited:unlimited'
    await new Promise<void>((resolve) =>
      execFile('prlimit', ['--pid', String(this.#child.pid), `--fsize=${size}`], () => resolve()),
    )
  }
}

/** Whether files can be limited here: Linux has the program for it. */
export function canLimitFiles(): Promise<boolean> {
  return new Promise((resolve) => execFile('prlimit', ['--version'], (error) => resolve(error === null)))
}
