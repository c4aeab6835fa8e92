import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, it } from 'node:test'
import { pathsIn, wrongPaths } from './paths.ts'
import { parse } from './source.ts'

const root = join(import.meta.dirname, '../..')

/** By file of the code, the files that it imports. */
function importsOfCode(): Map<string, string[]> {
  const files = ['lib', 'bin'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => `${folder}/${path}`),
  )
  return new Map(
    files.map((path) => {
      const { imports } = parse(path, readFileSync(join(root, path), 'utf8'))
      return [path, imports.map(({ specifier }) => posix.join(posix.dirname(path), specifier))]
    }),
  )
}

describe('the paths in ARCHITECTURE.md', () => {
  it('are three, lead through the code as it is, and are short', (t) => {
    const paths = pathsIn(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8'))
    assert.deepEqual(
      paths.map(({ letter }) => letter),
      ['a', 'b', 'c'],
    )
    assert.deepEqual(wrongPaths(paths, importsOfCode()), [])
    for (const { letter, directions } of paths) {
      t.diagnostic(`${letter}: ${new Set(directions.flat().map(({ file }) => file)).size} files`)
    }
  })
})

describe('a wrong path is found:', () => {
  const imports = new Map([
    ['lib/a.ts', ['lib/b.ts']],
    ['lib/b.ts', []],
    ['lib/c.ts', []],
    ['lib/d.ts', ['lib/b.ts', 'lib/c.ts']],
  ])
  const page = (...lines: string[]): string => ['## a. One → two', '', ...lines, ''].join('\n')
  const right = page(
    '1. `lib/a.ts`: begins',
    '2. `lib/b.ts`: goes',
    '   further',
    '3. `lib/c.ts` (connected by `lib/d.ts`)',
  )

  it('none in a right one, with both directions', () => {
    assert.deepEqual(wrongPaths(pathsIn(right), imports), [])
    const back = page('1. `lib/a.ts`', '2. `lib/b.ts`', '3. `lib/d.ts`', '', '1. `lib/d.ts`', '2. `lib/b.ts`')
    assert.deepEqual(wrongPaths(pathsIn(back), imports), [])
    assert.equal(pathsIn(back)[0]?.directions.length, 2)
  })

  const cases: readonly (readonly [words: string, page: string, wrong: RegExp])[] = [
    ['a file that does not exist', right.replace('lib/a.ts', 'lib/z.ts'), /there is no lib\/z\.ts/],
    [
      'neighbours without a connection',
      right.replace(' (connected by `lib/d.ts`)', ''),
      /nothing connects lib\/b\.ts and/,
    ],
    [
      'a file that does not connect them',
      right.replace('by `lib/d.ts`', 'by `lib/a.ts`'),
      /nothing connects lib\/b\.ts and/,
    ],
    ['a file that occurs twice', right.replace('3. `lib/c.ts`', '3. `lib/a.ts`'), /lib\/a\.ts occurs twice/],
    ['an empty path', page(), /only 0 files/],
  ]
  for (const [words, text, wrong] of cases) {
    it(words, () => assert.match(wrongPaths(pathsIn(text), imports).join('\n'), wrong))
  }

  it('more files than it may have', () => {
    const files = Array.from({ length: 15 }, (_, i) => `lib/${i}.ts`)
    const long = page(...files.map((file, i) => `${i + 1}. \`${file}\``))
    const chain = new Map(files.map((file, i) => [file, files.slice(i + 1, i + 2)]))
    assert.deepEqual(wrongPaths(pathsIn(long), chain), ['a: 15 files, at most 14'])
  })
})
