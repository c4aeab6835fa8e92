import type { InferredOptionTypes, Options } from 'yargs'

/** Options by their long names. */
export type OptionTable = Readonly<Record<string, Options>>

/** The parsed arguments of a command, and its options by their long names. */
export type Given<O extends OptionTable> = InferredOptionTypes<O> & { readonly _: readonly string[] }

/** A command: its help, its arguments and options, and its action. */
export interface Command<O extends OptionTable = OptionTable> {
  readonly summary: string
  /** Argument names, in order; `[NAME]` is optional, and a last `[NAME...]` takes any number. */
  readonly takes: readonly string[]
  readonly options: O
  /** Arguments to type after the command name, and what they do. */
  readonly examples: readonly (readonly [args: string, what: string])[]
  /** When the exit code is 1 although no error is reported: `a job has failed`. */
  readonly failsIf?: string
  /** Rewrites old spellings among the arguments into those in `options`. */
  rewrite?(args: readonly string[]): readonly string[]
  /** Resolves to the exit code. */
  run(given: Given<O>): Promise<number>
}

/** A command, loaded when it is called, or a group of them. */
export type Entry = { readonly summary: string; readonly load: () => Promise<Command> } | Group

/** A group of commands. */
export interface Group {
  readonly summary: string
  readonly commands: { readonly [name: string]: Entry }
}

/** Defines a command, with its options typed for `run`. */
export function command<const O extends OptionTable>(definition: Command<O>): Command {
  return definition
}
