import { type Declared, isOperation, type Operation } from '../../lib/agent/operations/contract.ts'

/** Every operation of the contract, in its order. */
export function operationsIn(declared: Declared): Operation[] {
  return Object.values(declared).flatMap((each) => (isOperation(each) ? [each] : operationsIn(each)))
}
