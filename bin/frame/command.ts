import type { InferredOptionTypes, Options } from 'yargs'

/** Options by their long names. */
export type OptionTable = Readonly<Record<string, Options>>

/** What a command is given: its arguments, and its options by their long names. */
export type Given<O extends OptionTable> = InferredOptionTypes<O> & { readonly _: readonly string[] }

/**
 * One command: what its help says, what it takes, what it does.
 *
 * - `takes`: names of its arguments, in order; `[NAME]` may be left out
 * - `examples`: what to type after its name, and what that does
 * - `rewrite`: turns old spellings among its arguments into those that `options` has
 * - `run`: resolves to the exit code
 */
export interface Command<O extends OptionTable = OptionTable> {
  readonly summary: string
  readonly takes: readonly string[]
  readonly options: O
  readonly examples: readonly (readonly [args: string, what: string])[]
  rewrite?(args: readonly string[]): readonly string[]
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
