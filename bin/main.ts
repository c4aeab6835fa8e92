import type { Command, Entries } from './command.ts'
import { exitCodes, Failure, Mistake } from './mistake.ts'
import { didYouMean } from './near.ts'

/** Runs the command that the arguments name, says what went wrong, and ends the process with the exit code. */
export async function main(words: readonly string[], entries: Entries, args: readonly string[]): Promise<never> {
  // Whoever reads our output may have seen enough: `tidings events ls | head`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed),
  )
  const code = await find(words, entries, args).catch(explain)
  // What a user's module left open must not keep the process; what was printed must get out.
  await new Promise((written) => process.stdout.write('', written))
  process.exit(code)
}

async function find(words: readonly string[], entries: Entries, args: readonly string[]): Promise<number> {
  const [word, ...rest] = args
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') {
    const { overview } = await import('./overview.ts')
    const [stream, code] = word === undefined ? [process.stderr, exitCodes.usage] : [process.stdout, exitCodes.ok]
    stream.write(overview(words, entries))
    return code
  }
  const entry = Object.hasOwn(entries, word) ? entries[word] : undefined
  if (entry === undefined) {
    const unknown = word.startsWith('-') ? 'a command comes first, got' : 'unknown command'
    throw new Mistake(`${unknown} ${JSON.stringify(word)}${didYouMean(word, Object.keys(entries))}`)
  }
  return 'commands' in entry
    ? find([...words, word], entry.commands, rest)
    : perform([...words, word], await entry.load(), rest)
}

/** Runs one command with these arguments. */
export async function perform(words: readonly string[], command: Command, args: readonly string[]): Promise<number> {
  const { helpOf, parse } = await import('./parse.ts')
  const given = parse(words, command, args)
  if (given !== 'help') return command.run(given)
  process.stdout.write(`${await helpOf(words, command)}\n`)
  return exitCodes.ok
}

/** Says an error in words, and turns it into an exit code. A stack is shown only where it may help: for our own faults. */
function explain(error: unknown): number {
  const { message, stack, code } = error as Error & { readonly code?: unknown }
  const expected = error instanceof Mistake || error instanceof Failure || String(code).startsWith('TIDINGS_')
  process.stderr.write(`tidings: ${expected ? message : (stack ?? String(error))}\n`)
  if (error instanceof Mistake) return exitCodes.usage
  return code === 'TIDINGS_LOG_LOCKED' ? exitCodes.inUse : exitCodes.failed
}
