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
export function command(...args: readonly string[]): Promise<Said> {
  return unguarded(() => captured(() => answer(['tidings'], tidings, args)))
}

const GUARDED = ['uncaughtException', 'unhandledRejection', 'SIGHUP', 'SIGINT', 'SIGTERM', 'exit']

/** Does work, and removes the guards that it leaves: they would end with a command's own process. */
export async function unguarded<R>(work: () => Promise<R>): Promise<R> {
  const guarded: NodeJS.EventEmitter = process
  const before = GUARDED.map((event) => ({ event, kept: guarded.listeners(event) }))
  try {
    return await work()
  } finally {
    for (const { event, kept } of before)
      for (const listener of guarded.listeners(event))
        if (!kept.includes(listener)) guarded.off(event, listener as () => void)
  }
}

/** The text written meanwhile, and the exit code that `work` resolves to. */
export async function captured(work: () => Promise<number>): Promise<Said> {
  const said = { stdout: '', stderr: '' }
  const restore = (['stdout', 'stderr'] as const).map((name) => {
    const stream = process[name]
    const { write } = stream
    stream.write = (chunk: string | Uint8Array, ...more: never[]) => {
      // The test runner writes there, too: values that begin as no text does.
      if (typeof chunk !== 'string' && chunk[0] === 0xff) return write.call(stream, chunk, ...more)
      said[name] += Buffer.from(chunk as string).toString()
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
