import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answered } from './answered.ts'
import { tidings, userFolder } from './program.ts'

const head = "import { agent, job, manual } from 'tidings'"
const body = "agent('home', [job('run', manual(), () => console.log('ran'))])"
const decorators = `
const seen: unknown[] = []
function note(_: unknown, context: any, _d?: unknown): any { seen.push(context?.kind ?? context) }
@note class A { @note field = 1; @note static method() {} }
new A()`

interface Case {
  readonly what: string
  readonly file: string
  readonly files: Readonly<Record<string, string>>
  /** What it prints, or after an exclamation mark the mistake that is reported. */
  readonly prints: string
}

const one = (what: string, file: string, text: string, prints: string, more: Case['files'] = {}): Case => ({
  what,
  file,
  files: { [file]: text, ...more },
  prints,
})

const cases: readonly Case[] = [
  one('export = in .ts', 'a.ts', `${head}\nconst it = ${body}\nexport = it`, 'ran'),
  one(
    'import = and export = in .cts',
    'a.cts',
    `import t = require('tidings')\nexport = t.agent('a', [t.job('b', t.manual(), () => console.log('ran'))])`,
    'ran',
  ),
  one('module.exports beside import', 'a.ts', `${head}\nmodule.exports = ${body}`, 'ran'),
  one(
    'module.exports in .cts',
    'a.cts',
    `const { agent, job, manual } = require('tidings')\nmodule.exports = ${body}`,
    'ran',
  ),
  one(
    'standard decorators',
    'a.ts',
    `${head}${decorators}\nconsole.log(seen.join(' '))\nexport default ${body}`,
    'method field class\nran',
  ),
  one(
    'legacy decorators, when tsconfig.json asks for them',
    'a.ts',
    `${head}${decorators}\nconsole.log(seen.join(' '))\nexport default ${body}`,
    'field method \nran',
    {
      'tsconfig.json': '{ "extends": "./base.json" }',
      'base.json': '{"compilerOptions":{"experimentalDecorators":true}}',
    },
  ),
  one(
    'decorators in JavaScript',
    'a.mjs',
    `${head}\nconst note = (_, { kind }) => console.log(kind)\n@note class A { @note accessor x = 1 }\nexport default ${body}`,
    'accessor\nclass\nran',
  ),
  one(
    'using at the top, with exports before and after',
    'a.ts',
    `${head}
     export const { early } = { early: 'early' }
     using x = { [Symbol.dispose]() { console.log('disposed') } }
     await using y = { async [Symbol.asyncDispose]() { console.log('disposed later') } }
     export default agent('home', [job('run', manual(), () => console.log('ran', early))])`,
    'disposed later\ndisposed\nran early',
  ),
  one(
    'paths and baseUrl of an extended tsconfig.json, with comments',
    'src/a.ts',
    `${head}
     import { word } from '@parts/word'
     import { word as again } from 'parts/word.js'
     export { word as exported } from 'word'
     import { Observable } from 'rxjs'
     const { word: later } = await import('@parts/word')
     console.log(word, again, later, ${body} instanceof Object, Observable.name)
     export default ${body}`,
    'word word word true Observable\nran',
    {
      'tsconfig.json': '{ "extends": "./base.json", /* more */ "compilerOptions": { "strict": true, }, }',
      'base.json':
        '{"compilerOptions":{"baseUrl":"./src","paths":{"@parts/*":["nowhere/*","parts/*"],"word":["parts/word.ts"],"tidings":["other.ts"],"rxjs":["other.ts"]}}}',
      'src/parts/word.ts': "export const word: string = 'word'\n",
      'src/other.ts': 'export {}\n',
    },
  ),
  one(
    'the rest of TypeScript',
    'a.mts',
    `${head}
     enum E { A, B }
     const enum C { X = 4 }
     namespace N { export let v = 1; export namespace M { export const w = 2 } }
     class P { constructor(private readonly q: number, public r = 2) {} get sum() { return this.q + this.r } }
     import { type Agent, TidingsError } from 'tidings'
     import type { Job } from 'tidings'
     import data from './data.json' with { type: 'json' }
     declare const job2: Job
     console.log(E.B, C.X, N.v, N.M.w, new P(5).sum, data.n, import.meta.url.slice(-6), typeof TidingsError)
     export default ${body} satisfies Agent`,
    '1 4 1 2 7 3 /a.mts function\nran',
    { 'data.json': '{ "n": 3 }' },
  ),
  one(
    'CommonJS that requires ESM',
    'a.cjs',
    `const { word } = require('./word.mjs')\nconst { agent, job, manual } = require('tidings')\nconsole.log(word)\nmodule.exports = ${body}`,
    'word\nran',
    { 'word.mjs': "export const word = 'word'" },
  ),
  one(
    'modules that import each other',
    'a.ts',
    `${head}\nimport { say } from './b'\nexport const word = 'word'\nexport default agent('a', [job('b', manual(), () => console.log(say()))])`,
    'word',
    { 'b.ts': "import { word } from './a'\nexport const say = () => word" },
  ),
  one(
    'an error on a line after decorators',
    'a.ts',
    `${head}\n/* a comment\n of lines */${decorators}\n\nthrow new Error('not today')`,
    '!a.ts:9: not today',
  ),
  one(
    'a decorator where none may be',
    'a.ts',
    `${head}\nclass A { constructor(@dec x: number) {} }\nexport default ${body}`,
    '!a.ts:2:22: Parameter decorators only work when experimental decorators are enabled',
  ),
  one(
    'decorators with metadata',
    'a.ts',
    `${head}${decorators}`,
    '!a.ts:4:0: decorators have no metadata here: leave emitDecoratorMetadata out of tsconfig.json',
    { 'tsconfig.json': '{"compilerOptions":{"experimentalDecorators":true,"emitDecoratorMetadata":true}}' },
  ),
  one(
    'a promise',
    'a.ts',
    `${head}\nexport default Promise.resolve(${body})`,
    '!a.ts exports no agent: its default export is a promise: await it',
  ),
  one(
    'a function',
    'a.cjs',
    'module.exports = () => 1',
    '!a.cjs exports no agent: its default export is a function: call it',
  ),
  one(
    'undefined',
    'a.ts',
    'export default undefined',
    "!a.ts exports no agent: its default export is undefined: write export default agent('my-agent', [])",
  ),
  one(
    'several agents',
    'a.ts',
    `${head}\nexport default [${body}, ${body}]`,
    '!a.ts exports no agent: its default export is an array of agents: export the one to run as default',
  ),
  one(
    'parts',
    'a.cts',
    `import { job, manual } from 'tidings'\nexport = [job('a', manual(), () => {})]`,
    "!a.cts exports no agent: combine its parts: export default agent('my-agent', [...theDefault])",
  ),
]

describe('a user module runs as intended, or is rejected with the reason', () => {
  for (const { what, file, files, prints } of cases) {
    it(what, async (t) => {
      const folder = userFolder(t, files)
      const ended = await answered(folder, ['run', file, '-m', '--once', '--log-level', 'silent'])
      const got = ended.code === 0 ? ended.stdout.trimEnd() : `!${ended.words.trim().replace(/^tidings: /, '')}`
      assert.equal(got.replaceAll(folder, 'HERE'), prints)
    })
  }

  it("a tsconfig.json that can't be read is reported and ignored", async (t) => {
    const files = { 'a.ts': `${head}\nexport default ${body}`, 'tsconfig.json': '{"extends":"./nowhere.json"}' }
    const folder = userFolder(t, files)
    const ended = await answered(folder, ['run', 'a.ts', '-m', '--once', '--log-level', 'silent'])
    assert.equal(ended.stdout, 'ran\n')
    const reported = "tidings: HERE/tsconfig.json is ignored, since it can't be read: File './nowhere.json' not found."
    assert.equal(ended.words.trim().replaceAll(folder, 'HERE'), reported)
  })

  for (const [what, line] of [
    ['a decorator', '@note class A {}'],
    ['using at the top of a module', 'using x = null'],
    ['await using at the top of a module', 'await using x = null'],
  ] as const) {
    it(`${what}, without the package that compiles it`, async (t) => {
      const folder = userFolder(t, {
        'a.ts': `${head}\n\n${line}\nexport default ${body}`,
        'hide.cjs': `const Module = require('node:module')
          const load = Module._load
          Module._load = (id, ...more) => {
            if (id === 'esbuild') throw Object.assign(new Error('hidden'), { code: 'MODULE_NOT_FOUND' })
            return load(id, ...more)
          }`,
      })
      const how = { env: { NODE_OPTIONS: '--require ./hide.cjs' } }
      const ended = await tidings(t, folder, ['run', 'a.ts', '-m', '--once'], how)
      const refused = `tidings: a.ts:3:0: ${what} needs a compiler that knows it: npm install esbuild`
      assert.deepEqual([ended.code, ended.stdout, ended.words.trim()], [1, '', refused])
    })
  }
})
