import { tidings } from '../../bin/cli/commands.ts'
import { answer } from '../../bin/cli/main.ts'

// Node opens standard input at its first use, for example to check for a terminal.
void process.stdin

/** The result of a command. */
export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `tidings` with these arguments in this process. One call at a time. */
export async function command(...args: readonly string[]): Promise<Said> {
  const guarded: NodeJS.EventEmitter = process
  const before = GUARDED.map((event) => ({ event, kept: guarded.listeners(event) }))
  try {
    return await captured(() => answer(['tidings'], tidings, args))
  } finally {
    // Guards would end with the command's own process.
    for (const { event, kept } of before)
      for (const listener of guarded.listeners(event))
        if (!kept.includes(listener)) guarded.off(event, listener as () => void)
  }
}

const GUARDED = ['uncaughtException', 'unhandledRejection']

/** The text written meanwhile, and the exit code that `work` resolves to. */
export async function captured(work: () => Promise<number>): Promise<Said> {
  const said = { stdout: '', stderr: '' }
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name]
    const { write } = stream
    // The test runner writes there too: bytes.
    stream.write = (chunk: unknown, ...more: never[]) => {
      if (typeof chunk !== 'string') return write.call(stream, chunk as Uint8Array, ...more)
      said[name] += chunk
      return true
    }
    return () => void (stream.write = write)
  })
  try {
    return { code: await work(), ...said }
  } finally {
    for (const each of restore) each()
  }
}
