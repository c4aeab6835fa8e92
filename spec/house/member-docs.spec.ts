import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { exportedModules, root } from '../support/exported-modules.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { type Member, publicMembers } from './member-docs.ts'

/** The least share of documented members, in per cent: a stranger should find a text wherever the pointer rests. */
const LEAST = 95

/** The members of one module that consists of this text. */
function membersOf(t: TestContext, text: string): Record<string, boolean> {
  const directory = temporaryDirectory(t)
  const path = join(directory, 'index.ts')
  writeFileSync(path, text)
  const members = publicMembers(directory, [path])
  return Object.fromEntries(members.map(({ name, documented }) => [name, documented]))
}

describe('the members that users of the package reach', () => {
  it(`have documentation, ${LEAST} % of them at least`, (t) => {
    const modules = exportedModules()
    assert.ok(modules.length >= 4 && modules.every((path) => existsSync(path)), modules.join(' '))
    const members = publicMembers(root, modules)
    assert.ok(members.length > 400, `only ${members.length} members were found`)
    const missing = members.filter(({ documented }) => !documented)
    const share = (100 * (members.length - missing.length)) / members.length
    t.diagnostic(`${share.toFixed(1)} % of ${members.length} members are documented`)
    const byPlace = (a: Member, b: Member): number => a.place.localeCompare(b.place, 'en', { numeric: true })
    const list = missing.toSorted(byPlace).map(({ name, place }) => `${place} ${name}`)
    assert.ok(share >= LEAST, `${share.toFixed(1)} % is less than ${LEAST} %; missing:\n${list.join('\n')}`)
  })
})

describe('a member', () => {
  it('without documentation is found', (t) => {
    const text = `
      export interface Options {
        /** In ms. */
        readonly timeout: number
        readonly retry: number
      }`
    assert.deepEqual(membersOf(t, text), { 'Options.timeout': true, 'Options.retry': false })
  })

  it('is found in types that exported ones name: results, parameters, bases, literals', (t) => {
    const text = `
      interface Base { base: number }
      interface Result extends Base { result: number }
      interface Item { item: number }
      type Options = { option: readonly Item[] } & { other: { inner: number } }
      export function act(options: Options, place: { name: string }): Promise<Result> { throw options }
      interface Given { given: number }
      export const arrow = ({ given }: Given) => given`
    const names = [
      'Base.base',
      'Given.given',
      'Item.item',
      'Options.option',
      'Options.other',
      'Options.other.inner',
      'Result.result',
      'act.name',
    ]
    assert.deepEqual(Object.keys(membersOf(t, text)).toSorted(), names)
  })

  it('of a class counts when it is public, and once however many overloads it has', (t) => {
    const text = `
      export class Store {
        /** Reads. */
        get(key: string): string
        get(key: number): number
        get(key: unknown): unknown { return key }
        get size(): number { return this.#hidden + this.own }
        #hidden = 1
        private own = 1
        constructor(options: { place: string }) { this.own = options.place.length }
      }`
    assert.deepEqual(membersOf(t, text), { 'Store.get': true, 'Store.size': false, 'Store.place': false })
  })

  it('has the documentation that it inherits', (t) => {
    const text = `
      interface Base {
        /** Closes it. */
        close(): void
      }
      export class File implements Base { close(): void {} }`
    assert.deepEqual(membersOf(t, text), { 'File.close': true, 'Base.close': true })
  })

  it('that is private to the module is not counted', (t) => {
    const text = `
      interface Hidden { a: number }
      const hidden: Hidden = { a: 1 }
      export const b = hidden.a`
    assert.deepEqual(membersOf(t, text), {})
  })
})
