import type { InferredOptionTypes, Options } from 'yargs'

/** Options by their long names. */
export type OptionTable = Readonly<Record<string, Options>>

/** What a command is given: its positional arguments, and its options by their long names. */
export type Given<O extends OptionTable> = InferredOptionTypes<O> & { readonly _: readonly string[] }

/** One command: what its help says, what it takes, what it does. */
export interface Command<O extends OptionTable = OptionTable> {
  /** One sentence. */
  readonly summary: string
  /** Names of its arguments, in order; `[NAME]` may be left out. */
  readonly takes: readonly string[]
  readonly options: O
  /** Command lines without the program's name, each with what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[]
  /** Resolves to the exit code. */
  run(given: Given<O>): Promise<number>
}

/** A command that is loaded when it is called, or a group of them. */
export type Entry =
  | { readonly summary: string; readonly load: () => Promise<Command> }
  | { readonly summary: string; readonly commands: Entries }

export type Entries = Readonly<Record<string, Entry>>

/** Writes down a command, its options typed for `run`. */
export function command<const O extends OptionTable>(definition: Command<O>): Command {
  return definition
}
