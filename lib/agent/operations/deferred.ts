import { contract, type Declared, isOperation, type Operation } from './contract.ts'
import type { Operations } from './operations.ts'

type Call = (...values: readonly unknown[]) => unknown

/**
 * Operations that find out at each call what answers it: an agent that starts, stops or has not started yet, or the log
 * that it left.
 */
export function deferredOperations(answering: () => Promise<Operations>): Operations {
  const find = async (path: readonly string[]): Promise<Call> => {
    let found: unknown = await answering()
    for (const name of path) found = (found as Readonly<Record<string, unknown>>)[name]
    return found as Call
  }
  // The compiler has checked the contract against `Operations`.
  return defer(contract, find, []) as unknown as Operations
}

type Find = (path: readonly string[]) => Promise<Call>

function defer(declared: Declared, find: Find, path: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(declared).map(([name, each]) => {
      const to = [...path, name]
      return [name, isOperation(each) ? callOf(each, find, to) : defer(each, find, to)]
    }),
  )
}

function callOf({ answers }: Operation, find: Find, path: readonly string[]): Call {
  if (answers !== 'many' && answers !== 'all') return async (...values) => (await find(path))(...values)
  return async function* (...values) {
    yield* (await find(path))(...values) as AsyncIterable<unknown>
  }
}
