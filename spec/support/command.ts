import { tidings } from '../../bin/cli/commands.ts'
import { answer } from '../../bin/cli/main.ts'

// Node opens it when it is first looked at, to see whether a person is there.
void process.stdin

/** What a command left. */
export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Does in this process what `tidings` does with these arguments. One at a time. */
export async function command(...args: readonly string[]): Promise<Said> {
  const guarded: NodeJS.EventEmitter = process
  const before = GUARDED.map((event) => ({ event, kept: guarded.listeners(event) }))
  try {
    return await captured(() => answer(['tidings'], tidings, args))
  } finally {
    // A command's own process ends with it, and so do its guards.
    for (const { event, kept } of before)
      for (const listener of guarded.listeners(event))
        if (!kept.includes(listener)) guarded.off(event, listener as () => void)
  }
}

const GUARDED = ['uncaughtException', 'unhandledRejection']

/** What is written meanwhile as text, and the exit code that `work` resolves to. */
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
