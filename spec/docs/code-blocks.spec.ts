import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { asModule, type Block, blocksOf } from './blocks.ts'
import { type Compiled, compile, execute } from './try-blocks.ts'

const root = join(import.meta.dirname, '../..')

/** How long a block may run, in ms. Fence an endless one with `ts no-run`. */
const LIMIT = 10_000

function allBlocks(): Block[] {
  const below = (folder: string, ending: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith(ending))
      .map((path) => join(folder, path))
  const files = [
    'README.md',
    ...below('docs', '.md'),
    ...below('lib', '.ts'),
    ...below('lib', '.md'),
    ...below('streams', '.ts'),
  ]
  return files.flatMap((file) => blocksOf(file, readFileSync(join(root, file), 'utf8')))
}

/** The page of the blocks with mistakes, which the docs do not have. */
const BAD = 'docs/mistakes.md'

const block = (line: number, code: string): Block => ({
  file: BAD,
  line,
  code,
  language: 'ts',
  runs: true,
})
const bad = [
  block(10, 'const fine = 1\nconst wrong: string = 2'),
  block(20, "console.error('why')\nprocess.exitCode = 3"),
  block(30, 'setInterval(() => undefined, 1000)'),
  block(40, "import { on } from 'tidings'\nconsole.log(typeof on)"),
  { ...block(50, 'throw new Error()'), runs: false },
  { ...block(60, "if (require('tidings').on === undefined) process.exitCode = 4"), language: 'cjs' as const },
  { ...block(70, 'throw new Error("common")'), language: 'cjs' as const },
  block(80, "const timer = setInterval(() => undefined, 1000)\nprocess.once('SIGTERM', () => clearInterval(timer))"),
]

/** The blocks of the docs, and those with mistakes: the compiler runs once. */
let all: Compiled
before(async () => {
  all = await compile([...allBlocks(), ...bad])
})
after(() => rmSync(all.directory, { recursive: true, force: true }))

/** Those with mistakes, or the others. */
function part(isBad: boolean): Compiled {
  const files = new Map([...all.files].filter(([, { file }]) => (file === BAD) === isBad))
  return { ...all, files, errors: all.errors.filter((error) => error.startsWith(`${BAD}:`) === isBad) }
}

describe('the code in the docs', () => {
  it('compiles', (t) => {
    const compiled = part(false)
    assert.ok(compiled.files.size >= 10, `only ${compiled.files.size} blocks were found`)
    t.diagnostic(`${compiled.files.size} blocks`)
    assert.deepEqual(compiled.errors, [])
  })

  it('runs', async () => {
    assert.deepEqual(await execute(part(false), LIMIT), [])
  })
})

describe('blocks', () => {
  const page = [
    '# Page',
    '```ts',
    'const a = 1',
    '',
    'a + 1',
    '```',
    '```bash',
    'ls',
    '```',
    '- in a list',
    '  ```ts no-run',
    '  for (;;)',
    '    wait()',
    '  ```',
    '',
  ]

  it('are the fenced TypeScript blocks of a page, wherever they stand', () => {
    assert.deepEqual(blocksOf('page.md', page.join('\n')), [
      { file: 'page.md', line: 3, code: 'const a = 1\n\na + 1', language: 'ts', runs: true },
      { file: 'page.md', line: 12, code: 'for (;;)\n  wait()', language: 'ts', runs: false },
    ])
  })

  it('are found only in the comments of a source file', () => {
    const source = [
      'const fence = `',
      '```ts',
      '`',
      '  /**',
      '   * ```ts',
      "   * on('x')",
      '   *   .pipe()',
      '   * ```',
      '   */',
    ]
    assert.deepEqual(blocksOf('a.ts', source.join('\n')), [
      { file: 'a.ts', line: 6, code: "on('x')\n  .pipe()", language: 'ts', runs: true },
    ])
  })

  it('must be closed', () => {
    assert.throws(() => blocksOf('page.md', 'words\n```ts\nconst a = 1'), /page\.md:2 opens a block/)
  })

  it('without imports get an import for each exported name that they use, but not for names that they declare', () => {
    const modules = { tidings: ['on', 'every', 'where', 'gt'], 'tidings/filters': ['gt', 'every', 'eq'] }
    assert.equal(
      asModule('const where = on(x.eq, every())', modules),
      "import { on, every } from 'tidings'; const where = on(x.eq, every())",
    )
    assert.equal(
      asModule("import { on } from 'tidings'\nevery(on)", modules),
      "import { on } from 'tidings'\nevery(on)",
    )
  })
})

describe('a report with file and line', () => {
  it('comes for a block that does not compile', () => {
    const { errors } = part(true)
    assert.equal(errors.length, 1, errors.join('\n'))
    assert.match(errors[0] ?? '', /^docs\/mistakes\.md:11 .*'number' is not assignable to type 'string'/)
  })

  it('comes for a block that fails or does not end, also after SIGTERM', async () => {
    const failures = (await execute(part(true), LIMIT)).toSorted()
    assert.equal(failures.length, 3, failures.join('\n'))
    assert.match(failures[0] ?? '', /^docs\/mistakes\.md:20 failed\nwhy\n/)
    assert.match(failures[1] ?? '', /^docs\/mistakes\.md:30 did not end within 10000 ms/)
    assert.match(failures[2] ?? '', /^docs\/mistakes\.md:70 failed\n[^]*common/)
  })
})
