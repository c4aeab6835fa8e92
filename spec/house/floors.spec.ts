import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { breaches, longFiles } from './floors.ts'
import { parse } from './source.ts'

const root = join(import.meta.dirname, '../..')

const sources = ['lib', 'streams', 'bin', 'page', 'spec', 'docs'].flatMap((house) =>
  readdirSync(join(root, house), { recursive: true, encoding: 'utf8' })
    // Templates are code of a user's project.
    .filter((path) => /\.tsx?$/.test(path) && !path.startsWith('templates/'))
    .map((path) => parse(`${house}/${path}`, readFileSync(join(root, house, path), 'utf8'))),
)

describe('the house', () => {
  it('keeps its floors, packages and clocks in their places, has no circles and no long files', (t) => {
    const imports = sources.flatMap((source) => source.imports).length
    assert.ok(sources.length > 100 && imports > 400, `only ${sources.length} files with ${imports} imports were seen`)
    assert.deepEqual(breaches(sources), [])
    for (const long of longFiles(sources)) t.diagnostic(`worth a look: ${long}`)
  })
})

describe('the dependencies of the package', () => {
  it('cover every import of lib/, streams/ and bin/, since users do not install devDependencies', () => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
      'dependencies' | 'peerDependencies',
      Record<string, string>
    >
    const installed = [...Object.keys(dependencies), ...Object.keys(peerDependencies)]
    const missing = sources
      .filter(({ path }) => /^(lib|streams|bin)\//.test(path))
      .flatMap(({ path, imports }) => imports.map(({ line, specifier }) => ({ at: `${path}:${line}`, specifier })))
      .filter(({ specifier }) => /^[^.(]/.test(specifier) && !specifier.startsWith('node:'))
      .filter(({ specifier }) => !installed.some((name) => `${specifier}/`.startsWith(`${name}/`)))
    assert.deepEqual(missing, [])
  })
})

describe('a breach of the house rules is found:', () => {
  const long = '\n'.repeat(351)
  const cases: readonly (readonly [words: string, files: Record<string, string>, breach: RegExp])[] = [
    [
      'a higher floor',
      { 'lib/core/a.ts': `import { b } from '../agent/b.ts'` },
      /^lib\/core\/a\.ts:1 .*lib\/agent\/b\.ts/,
    ],
    ['a neighbour on the same floor', { 'lib/job/a.ts': `import '../dispatch/b.ts'` }, /floor 3.*floor 3/],
    ['a type from a higher floor', { 'lib/core/a.ts': `import type { B } from '../log/b.ts'` }, /floor 1.*floor 2/],
    ['a type by import()', { 'lib/core/a.ts': `let b: import('../log/b.ts').B` }, /floor 1.*floor 2/],
    ['an export from a higher floor', { 'lib/core/a.ts': `export * from '../log/b.ts'` }, /floor 1.*floor 2/],
    ['an import() from a higher floor', { 'lib/core/a.ts': `\nawait import('../log/b.ts')` }, /a\.ts:2 .*floor 2/],
    ['a folder without a floor', { 'lib/utils/a.ts': `import '../core/b.ts'` }, /lib\/utils has no floor/],
    ['index.ts from inside', { 'lib/agent/a.ts': `import '../index.ts'` }, /floor 4.*floor 5/],
    ['testing from index.ts', { 'lib/index.ts': `export * from './testing/index.ts'` }, /floor 5.*floor 5/],
    ['a higher room', { 'lib/level/read/a.ts': `import '../write/b.ts'` }, /room level\/read may not import/],
    ['a neighbouring room', { 'lib/level/runs/a.ts': `import '../consumer/b.ts'` }, /room level\/runs may not import/],
    [
      'a room that imports from above',
      { 'lib/level/read/a.ts': `import '../b.ts'` },
      /room level\/read may not import/,
    ],
    [
      'a file of a folder that imports a room above it',
      { 'lib/log/a.ts': `import './consumer/b.ts'` },
      /room log\/\. may not import lib\/log\/consumer\/b\.ts: only lower rooms/,
    ],
    ['a type from a higher room', { 'lib/agent/run/a.ts': `import type { B } from '../try/b.ts'` }, /only lower rooms/],
    ['a room that is not in the plan', { 'lib/level/attic/a.ts': `import '../format/b.ts'` }, /not in the plan/],
    ['a room in a folder without rooms', { 'lib/core/attic/a.ts': `import '../b.ts'` }, /not in the plan/],
    ['lib that looks at streams', { 'lib/agent/a.ts': `import '../../streams/b.ts'` }, /lib\/ sees only lib\//],
    ['a stream that looks inside lib', { 'streams/a.ts': `import '../lib/log/b.ts'` }, /streams\/ sees lib\/index\.ts/],
    ['a stream that looks at another', { 'streams/a.ts': `import './b.ts'` }, /streams\/ sees lib\/index\.ts/],
    ['a stream in the room of another', { 'streams/a.ts': `import './b/c.ts'` }, /streams\/ sees lib\/index\.ts/],
    ['the client of another stream', { 'streams/a.ts': `await import('chokidar')` }, /only streams\/files may/],
    [
      'a page that runs the engine',
      { 'page/a.tsx': `import '../lib/log/b.ts'` },
      /page\/ sees the table of operations/,
    ],
    ['preact outside of the page', { 'lib/agent/a.ts': `import 'preact'` }, /only page\/ may/],
    ['a stream that looks at cli.ts', { 'streams/a.ts': `import '../lib/cli.ts'` }, /streams\/ sees lib\/index\.ts/],
    [
      'a command that looks inside lib',
      { 'bin/commands/a.ts': `import '../../lib/log/b.ts'` },
      /bin\/ sees lib\/index\.ts/,
    ],
    ['lib that looks at spec', { 'lib/core/a.ts': `import '../../spec/b.ts'` }, /nobody imports spec/],
    ['an example that looks at spec', { 'docs/examples/a.ts': `import '../../spec/b.ts'` }, /nobody imports spec/],
    ['an example that looks inside', { 'docs/examples/a.ts': `import '../../lib/index.ts'` }, /as users do/],
    [
      'lib that imports itself by name',
      { 'lib/core/a.ts': `import 'tidings/filters'` },
      /inside, it is lib\/index\.ts/,
    ],
    ['LevelDB outside the log', { 'lib/agent/a.ts': `import { Level } from 'level'` }, /only lib\/level\/store\/ may/],
    [
      'LevelDB in another file of the log',
      { 'lib/log/a.ts': `import 'classic-level'` },
      /only lib\/level\/store\/ may/,
    ],
    ['the memory store elsewhere', { 'lib/testing/a.ts': `import 'memory-level'` }, /only lib\/level\/store\/ may/],
    ['pino elsewhere', { 'bin/a.ts': `import pino from 'pino'` }, /only lib\/agent\/logger\.ts may/],
    [
      'hono beside the server',
      { 'lib/agent/a.ts': `import { Hono } from 'hono'` },
      /only lib\/agent\/socket\/ and page\/ may/,
    ],
    [
      'hono under its other name',
      { 'bin/a.ts': `import '@hono/node-server'` },
      /only lib\/agent\/socket\/ and page\/ may/,
    ],
    ['yargs in lib', { 'lib/agent/a.ts': `import 'yargs/helpers'` }, /only bin\/ may/],
    [
      'fast-check in the engine',
      { 'lib/core/a.ts': `import fc from 'fast-check'` },
      /only lib\/testing\/ and spec\/ may/,
    ],
    ['Date.now', { 'lib/core/a.ts': `export const now = Date.now` }, /uses Date\.now/],
    ['new Date()', { 'lib/log/a.ts': `\nexport const now = new Date()` }, /a\.ts:2 uses new Date\(\)/],
    ['setTimeout', { 'streams/a.ts': `setTimeout(run, 5)` }, /uses setTimeout/],
    ['globalThis.setInterval', { 'lib/core/a.ts': `globalThis.setInterval(run, 5)` }, /uses setInterval/],
    ['timers by import', { 'lib/core/a.ts': `import { setTimeout } from 'node:timers/promises'` }, /uses setTimeout/],
    ['Math.random', { 'lib/schedule/a.ts': `Math.random()` }, /uses Math\.random/],
    ['performance.now', { 'lib/job/a.ts': `performance.now()` }, /uses performance/],
    [
      'randomBytes beside the tokens',
      { 'lib/agent/page/a.ts': `import { randomBytes } from 'node:crypto'` },
      /uses randomBytes/,
    ],
    ['the page in the socket', { 'lib/agent/socket/a.ts': `import '../page/b.ts'` }, /only lower rooms/],
    ['randomUUID outside the log', { 'lib/agent/a.ts': `crypto.randomUUID()` }, /uses randomUUID/],
    [
      'operators that read the clock',
      { 'lib/job/a.ts': `import { map, debounceTime as d } from 'rxjs'` },
      /uses debounceTime/,
    ],
    [
      'a circle',
      { 'lib/core/a.ts': `import './b.ts'`, 'lib/core/b.ts': `import type { A } from './a.ts'` },
      /a\.ts → .*b\.ts → .*a\.ts/,
    ],
    ['a file that imports itself', { 'bin/a.ts': `import './a.ts'` }, /in a circle/],
    ['a long file', { 'lib/core/a.ts': long }, /^lib\/core\/a\.ts:351 is longer than 350 lines/],
  ]
  for (const [words, files, breach] of cases) {
    it(words, () => {
      const found = breaches(Object.entries(files).map(([path, text]) => parse(path, text)))
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0] ?? '', breach)
    })
  }
})

describe('allowed code that looks like a breach', () => {
  const allowed: Record<string, string> = {
    'lib/core/clock.ts': `export const now = () => Date.now() + setTimeout(run, 5)`,
    'lib/core/words.ts': `// Date.now() in a comment, 'new Date()' in a string\nconst text = 'setTimeout(5)'`,
    'lib/core/dates.ts': `const at = new Date(5); const d: Date = at; clock.setTimeout(run); const o = { setTimeout: 5 }`,
    'lib/level/store/x.ts': `import { Level } from 'level'; import '../../core/clock.ts'; import '../format/a.ts'; crypto.randomUUID()`,
    'lib/log/consumer/x.ts': `import '../port.ts'; import './y.ts'`,
    'lib/agent/logger.ts': `import pino from 'pino'`,
    'lib/testing/laws.ts': `import fc from 'fast-check'; import '../agent/logger.ts'`,
    'lib/index.ts': `export * from './agent/logger.ts'; export type * from './core/clock.ts'`,
    'streams/git.ts': `import { job } from '../lib/index.ts'; import { map } from 'rxjs'`,
    'bin/commands/run/run.ts': `import yargs from 'yargs'; import '../../lib/index.ts'; import '../../lib/cli.ts'; import '../print.ts'; Date.now()`,
    'docs/examples/hello.ts': `import { job } from 'tidings'; import './other.ts'; setTimeout(run, 5)`,
    'spec/log/x.spec.ts': `import { Level } from 'level'; import fc from 'fast-check'; import '../../lib/log/port.ts'`,
  }
  for (const [path, text] of Object.entries(allowed)) {
    it(path, () => assert.deepEqual(breaches([parse(path, text)]), []))
  }
})
