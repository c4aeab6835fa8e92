import { contract, type Declared, isOperation, type Operation } from '../lib/agent/operations/contract.ts'

/** Operations, or groups of them, by their names. */
export interface Texts {
  readonly [name: string]: string | Texts
}

/**
 * Every operation as a text: method, path, kind of answer, and its arguments: the name of a part, or `*` for an object.
 * The build puts the texts in place of this module: those that the page asks.
 */
export const operations: Texts = textsOf(contract)

function textsOf(declared: Declared): Texts {
  return Object.fromEntries(
    Object.entries(declared).map(([name, each]) => [name, isOperation(each) ? textOf(each) : textsOf(each)]),
  )
}

function textOf({ method, path, answers, args }: Operation): string {
  const names = args.map(({ is, parts }) => (is === 'part' ? Object.keys(parts).join('') : '*'))
  return [method, path, answers, ...names].join(' ')
}
