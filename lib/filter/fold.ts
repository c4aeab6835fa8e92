import { refuse } from './operand.ts'

/** Options of the tests of text. */
export interface TextOptions {
  /** Compare regardless of case, by `toUpperCase`, whatever the locale. Default false. */
  readonly ignoreCase?: boolean
}

/** Checked text options, ready to be applied. */
export interface Folding {
  /** Whether case is ignored. */
  readonly ignoreCase: boolean
  /** Applied to both sides before they are compared. */
  readonly fold: (text: string) => string
  /** The options as the test prints them, after its other operands; empty for the default. */
  readonly shown: readonly TextOptions[]
}

/** Checks the options of a test of text. */
export function folding(who: string, options: TextOptions = {}): Folding {
  if (typeof options !== 'object' || options === null) refuse(who, 'options such as { ignoreCase: true }', options)
  const { ignoreCase = false, ...others } = options
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) refuse(who, 'no option but ignoreCase', unknown)
  if (typeof ignoreCase !== 'boolean') refuse(who, 'ignoreCase to be true or false', ignoreCase)
  return { ignoreCase, fold: ignoreCase ? upper : same, shown: ignoreCase ? [{ ignoreCase }] : [] }
}

const same = (text: string): string => text

// Not lower case: there Σ becomes ς at the end of a word and σ elsewhere, and 'ΟΔΟΣΑ' would no longer start with 'ΟΔΟΣ'
const upper = (text: string): string => text.toUpperCase()
