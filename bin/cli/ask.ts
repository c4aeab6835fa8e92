import { createInterface } from 'node:readline'

/** The streams on which the user is asked and answers. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/** Asks one question. Resolves to the answer without spaces around it; undefined after Ctrl-C or Ctrl-D. */
export type Ask = (question: string) => Promise<string | undefined>

/** The terminal of this program. Questions go to standard error: they do not belong to the result. */
export const ownTerminal = (): Terminal => ({ input: process.stdin, output: process.stderr })

/** Whether there is a person to ask. */
export function isInteractive({ input, output }: Terminal): boolean {
  return input.isTTY === true && output.isTTY === true
}

/** Asks questions on a terminal. Answers that are typed ahead wait for their question. */
export async function onTerminal<T>({ input, output }: Terminal, work: (ask: Ask) => Promise<T>): Promise<T> {
  const lines = createInterface({ input, output })
  const typed: string[] = []
  let closed = false
  let wake = (): void => undefined
  lines.on('line', (line) => {
    typed.push(line.trim())
    wake()
  })
  lines.once('close', () => {
    closed = true
    wake()
  })
  try {
    return await work(async (question) => {
      lines.setPrompt(question)
      if (closed) output.write(question)
      else lines.prompt()
      while (typed.length === 0 && !closed) await new Promise<void>((resolve) => (wake = resolve))
      return typed.shift()
    })
  } finally {
    lines.close()
  }
}
