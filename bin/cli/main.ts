import { loadWidths } from '../../lib/core/columns.ts'
import { didYouMean } from '../../lib/core/did-you-mean.ts'
import { printProblem, widthOf } from '../print/print.ts'
import type { Command, Entry } from './command.ts'
import { exitCodes, Failure, UsageError } from './errors.ts'

/**
 * Runs the command that the arguments name, reports errors, and ends the process with the exit code. `words`: the words
 * before the arguments.
 */
export async function main(words: readonly string[], entry: Entry, args: readonly string[]): Promise<never> {
  // The reader of our output may close the pipe early: `tidings events ls | head`.
  process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') process.exit(exitCodes.ok)
    printProblem(`standard output failed: ${message}`)
    process.exit(exitCodes.failed)
  })
  if (process.stdout.isTTY || process.stderr.isTTY) await loadWidths()
  const code = await answer(words, entry, args)
  // Handles that a user's module left open must not keep the process alive, but printed output must be flushed.
  await new Promise((written) => process.stdout.write('', written))
  process.exit(code)
}

/** Runs the command, or reports the error; resolves to the exit code. */
export function answer(words: readonly string[], entry: Entry, args: readonly string[]): Promise<number> {
  return choose(words, entry, args).catch(explain)
}

async function choose(words: readonly string[], entry: Entry, args: readonly string[]): Promise<number> {
  if ('load' in entry) return perform(words, await entry.load(), args)
  const [word, ...rest] = args
  if (word === 'help' && rest.length > 0) return choose(words, entry, [...rest, '--help'])
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') {
    const { overview } = await import('./help.ts')
    const [stream, code] = word === undefined ? [process.stderr, exitCodes.usage] : [process.stdout, exitCodes.ok]
    stream.write(overview(words, entry, widthOf(stream)))
    return code
  }
  const chosen = Object.hasOwn(entry.commands, word) ? entry.commands[word] : undefined
  if (chosen !== undefined) return choose([...words, word], chosen, rest)
  const isOption = word.startsWith('-')
  const unknown = isOption ? 'expected a command, got' : 'unknown command'
  const near = isOption ? '' : didYouMean(word, Object.keys(entry.commands))
  throw new UsageError(`${unknown} ${JSON.stringify(word)}${near === '' ? `; see ${words.join(' ')} --help` : near}`)
}

async function perform(words: readonly string[], command: Command, args: readonly string[]): Promise<number> {
  const { parse } = await import('./parse.ts')
  const given = parse(words, command, args)
  if (given !== 'help') return command.run(given)
  const { helpOf } = await import('./help.ts')
  process.stdout.write(`${await helpOf(words, command, widthOf(process.stdout))}\n`)
  return exitCodes.ok
}

/** Prints an error and returns its exit code. Shows a stack only if the fault may be our own. */
function explain(error: unknown): number {
  const { message, stack, code, syscall } = error as NodeJS.ErrnoException
  const foreseen = error instanceof UsageError || error instanceof Failure || code?.startsWith('TIDINGS_') || syscall
  printProblem(foreseen ? message : (stack ?? String(error)))
  if (error instanceof UsageError || code === 'TIDINGS_LOG_INVALID' || code === 'TIDINGS_PAGE_INVALID')
    return exitCodes.usage
  return code === 'TIDINGS_LOG_LOCKED' ? exitCodes.inUse : exitCodes.failed
}
