import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ownEnvironment, root, userFolder } from './program.ts'

const run = (folder: string, ...args: readonly string[]) => {
  const all = ['--import', 'tidings/register', ...args]
  return spawnSync(process.execPath, all, { cwd: folder, env: ownEnvironment(), encoding: 'utf8' })
}

/** What a module prints, or after an exclamation mark how it fails. Each is imported by one program. */
const modules: Readonly<Record<string, readonly [text: string, printed: string, more?: Record<string, string>]>> = {
  'the rest of TypeScript': [
    `import { agent, type Agent, TidingsError } from 'tidings'
     import type { Job } from 'tidings'
     import data from './data.json' with { type: 'json' }
     import { gt } from 'tidings/filters'
     import { virtualClock } from 'tidings/testing'
     enum E { A, B }
     namespace N { export let v = 1; export namespace M { export const w = 2 } }
     class P { constructor(private readonly q: number, public r = 2) {} get sum() { return this.q + this.r } }
     declare const job2: Job
     export default agent('a', []) satisfies Agent
     console.log(E.B, N.v, N.M.w, new P(5).sum, data.n, typeof TidingsError, typeof gt, typeof virtualClock)`,
    '1 1 2 7 3 function function function',
    { 'data.json': '{ "n": 3 }' },
  ],
  'modules that import each other, and live bindings': [
    `import { say, times } from './b'
     export const word = 'word'
     console.log(times, say(), times)`,
    '0 word 1',
    {
      'b.ts':
        "import { word } from './a.ts'\nexport let times = 0\nexport const say = () => { times += 1; return word }",
    },
  ],
  'imports while running, of a file by the name of its output, and of a folder': [
    `import { word } from './parts/word.js'
     import { other } from './parts'
     const { default: again } = await import('./parts/word.ts')
     console.log(word === again, other, import.meta.resolve('./parts/word.ts') === import.meta.url.replace('a.ts', 'parts/word.ts'))`,
    'true 2 true',
    {
      'parts/word.ts': "export const word: string = 'word'\nexport default word",
      'parts/index.ts': 'export const other: number = 2',
    },
  ],
  'paths of tsconfig.json': [
    "import { word } from '@parts/word'\nexport * from '@parts/word'\nconsole.log(word)",
    'word',
    {
      'tsconfig.json': '{"compilerOptions":{"paths":{"@parts/*":["./some #parts/*"]}}}',
      'some #parts/word.ts': "export const word: string = 'word'",
    },
  ],
  'decorators and using': [
    `const note = (_: unknown, { kind }: { kind: string }): void => console.log(kind)
     @note class A { @note static method() {} }
     using x = { [Symbol.dispose]() { console.log('disposed') } }
     export const { early } = { early: 'early' }
     console.log(early, A.name)`,
    'method\nclass\nearly A\ndisposed',
  ],
  'a mistake': ['\nconst fine: number = 1\nconst wrong = = 2', '!SyntaxError: HERE/a.ts:3:14: Unexpected token'],
  'an error': ["interface A {\n  b: string\n}\n\nthrow new Error('not today')", '!Error: not today at a.ts:5'],
}

describe('node --import tidings/register', () => {
  it('runs modules in TypeScript', (t) => {
    const names = Object.keys(modules)
    const files = Object.entries(modules).flatMap(([, [text, , more = {}]], i) =>
      Object.entries({ 'a.ts': text, ...more }).map(([file, content]) => [`m${i}/${file}`, content] as const),
    )
    const main = `
      for (const n of ${JSON.stringify(names.map((_, i) => i))}) {
        const place = (stack: string) => /(a\\.ts:\\d+):\\d+/.exec(stack)?.[1]
        await import(\`./m\${n}/a.ts\`).catch((error: Error) => {
          console.log('!' + error.name + ': ' + error.message + (error instanceof SyntaxError ? '' : ' at ' + place(error.stack ?? '')))
        })
        console.log('----')
      }`
    const folder = userFolder(t, { ...Object.fromEntries(files), 'main.ts': main })
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules/tidings'))
    const { stdout, stderr } = run(folder, 'main.ts')
    const printed = stdout.split('----\n').map((each) => each.trim().replaceAll(/\S*\/m\d+\//g, 'HERE/'))
    const expected = Object.entries(modules).map(([what, [, expected]]) => [what, expected])
    assert.deepEqual(
      names.map((what, i) => [what, printed[i]]),
      expected,
      stderr,
    )
  })

  it('runs tests in TypeScript, which share one copy of the package with what they test', (t) => {
    const folder = userFolder(t, {
      'hello.test.ts': `
        import assert from 'node:assert/strict'
        import { test } from 'node:test'
        import { memoryLog, start } from 'tidings'
        import { virtualClock } from 'tidings/testing'
        import hello from './hello.ts'
        test('told once', async () => {
          const clock = virtualClock()
          const log = await memoryLog({ clock })
          await using running = await start(hello, { log, clock, logger: false })
          await clock.advance(60_000)
          assert.equal(await log.last(), 1)
        })`,
    })
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules/tidings'))
    const { status, stdout } = run(folder, '--test', 'hello.test.ts')
    assert.deepEqual([status, /^# pass (\d+)$/m.exec(stdout)?.[1]], [0, '1'], stdout)
  })
})
