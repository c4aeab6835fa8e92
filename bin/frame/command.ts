import type { InferredOptionTypes, Options } from 'yargs'

/** Options by their long names. */
export type OptionTable = Readonly<Record<string, Options>>

/** What a command is given: its arguments, and its options by their long names. */
export type Given<O extends OptionTable> = InferredOptionTypes<O> & { readonly _: readonly string[] }

/** One command: what its help says, what it takes, what it does. */
export interface Command<O extends OptionTable = OptionTable> {
  readonly summary: string
  /** Names of its arguments, in order; `[NAME]` may be left out. */
  readonly takes: readonly string[]
  readonly options: O
  /** What to type after its name, and what that does. */
  readonly examples: readonly (readonly [args: string, what: string])[]
  /** Turns old spellings among its arguments into those that `options` has. */
  rewrite?(args: readonly string[]): readonly string[]
  /** Resolves to the exit code. */
  run(given: Given<O>): Promise<number>
}

/** A command, loaded when it is called, or a group of them. */
export type Entry = { readonly summary: string; readonly load: () => Promise<Command> } | Group

export interface Group {
  readonly summary: string
  readonly commands: { readonly [name: string]: Entry }
}

/** Writes down a command, its options typed for `run`. */
export function command<const O extends OptionTable>(definition: Command<O>): Command {
  return definition
}
