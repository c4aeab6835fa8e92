import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contract, type Declared, isOperation, type Operation } from '../../../lib/agent/operations/contract.ts'
import { isOffered } from '../../../lib/agent/page/offered.ts'

function named(declared: Declared, group = ''): (readonly [name: string, operation: Operation])[] {
  return Object.entries(declared).flatMap(([name, each]) =>
    isOperation(each) ? [[group + name, each] as const] : named(each, `${group}${name}.`),
  )
}

describe('the operations of the page', () => {
  it('are all but those that write files, take in events, rewrite the log, remove, or read all of it', () => {
    const withheld = named(contract).filter(([name, operation]) => !isOffered(name, operation))
    assert.deepEqual(withheld.map(([name]) => name).sort(), [
      'db.backup',
      'db.compact',
      'db.prune',
      'db.verify',
      'events.count',
      'events.import',
      'events.tally',
      'flow',
      'jobs.remove',
      'listeners.remove',
      'listeners.rename',
      'parked.exchange',
    ])
  })

  it('take no path and no stream of bytes, whatever is added', () => {
    for (const [name, operation] of named(contract).filter(([name, operation]) => isOffered(name, operation))) {
      const kinds = operation.args.flatMap(({ parts }) => Object.values(parts))
      assert.ok(!kinds.some((kind) => kind.startsWith('path')) && !operation.args.some(({ is }) => is === 'body'), name)
    }
  })
})
