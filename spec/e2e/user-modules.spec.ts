import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { agentTest, count, root, start, tidings, userFolder } from './program.ts'

/** Prints whether what it imports is what the program itself uses: the error that `start` makes, an Observable. */
const probe = (imports: string): string => `
${imports}
const greeting = eventType('greeting').of<{ n: number }>()
const pipe = on(greeting).pipe(where('data.n', gt(1)), map((event) => event.data.n))
export default agent('probe', [
  job('many', manual(), () => from([1, 2, 3]).pipe(map((n) => greeting(String(n), { n })))),
  listener('print', pipe, (n, { event }) => console.log(n, event.identifier, helper)),
  job('error', manual(), async ({ publish }) => {
    const error = await Promise.resolve(publish('greeting', '', {})).catch((e) => e)
    console.log(error instanceof TidingsError, error.code)
  }),
])`

const imports = `
import { agent, eventType, job, listener, manual, on, TidingsError, where } from 'tidings'
import { gt } from 'tidings/filters'
import { from } from 'rxjs'
import { map } from 'rxjs/operators'
import { helper } from './parts/helper.ts'`

const expected = ['2 2 help', '3 3 help', 'true TIDINGS_IDENTIFIER_INVALID']
const sorted = (text: string): string[] => text.trim().split('\n').sort()
const helper = { 'parts/helper.ts': "export const helper: string = 'help'\n" }

describe("a user's module", () => {
  it('needs no package of its own: it shares one copy of tidings and rxjs with the program', async (t) => {
    const files = {
      'probe.ts': probe(imports),
      'probe.mjs': probe(imports.replace('/helper.ts', '/helper.mjs')).replaceAll(/\.of<.*?>\(\)/g, ''),
      'parts/helper.mjs': "export const helper = 'help'\n",
    }
    const folder = userFolder(t, { ...files, ...helper })
    for (const file of ['probe.ts', 'probe.mjs', 'probe']) {
      const ended = await tidings(t, folder, ['run', file, '-m', '--once', '--log-level', 'silent'])
      assert.deepEqual(sorted(ended.stdout), expected, `${file}: ${ended.stderr}`)
    }
  })

  it('sees everything that the package exports, by every name', async (t) => {
    const names = ['tidings', 'tidings/filters', 'tidings/testing', 'tidings/streams/git']
    const code = names.map((name, i) => `import * as m${i} from '${name}'`).join('\n')
    const print = `console.log(JSON.stringify([${names.map((_, i) => `Object.keys(m${i}).sort()`)}]))`
    const folder = userFolder(t, { 'all.ts': `${code}\n${print}\nexport { default } from './hello.ts'` })
    const { stdout, stderr } = await tidings(t, folder, ['run', 'all.ts', '-m', '--once', '--log-level', 'silent'])
    const exported = await Promise.all(names.map(async (name) => Object.keys((await import(name)) as object).sort()))
    assert.deepEqual(JSON.parse(stdout.split('\n')[0] as string), exported, stderr)
  })

  it('uses the packages that its own folder has installed', async (t) => {
    const folder = userFolder(t, {
      'probe.ts': probe(imports),
      ...helper,
      'node_modules/rxjs/package.json': JSON.stringify({
        name: 'rxjs',
        version: '7.8.99',
        exports: { '.': './index.js', './operators': './index.js', './package.json': './package.json' },
      }),
      'node_modules/rxjs/index.js': `console.log('own rxjs')\nmodule.exports = require(${JSON.stringify(join(root, 'node_modules/rxjs'))})`,
    })
    symlinkSync(root, join(folder, 'node_modules/tidings'))
    const ended = await tidings(t, folder, ['run', 'probe.ts', '-m', '--once', '--log-level', 'silent'])
    assert.deepEqual(sorted(ended.stdout), [...expected, 'own rxjs'].sort(), ended.stderr)
  })

  it('may be CommonJS, with or without its file extension', async (t) => {
    const lines = [
      "const { agent, job, manual } = require('tidings')",
      "exports.hello = job('hello', manual(), () => console.log('hello'))",
      "exports.default = agent('home', [exports.hello])",
    ]
    const folder = userFolder(t, { 'home.cjs': lines.join('\n') })
    for (const file of ['home.cjs', 'home']) {
      const ended = await tidings(t, folder, ['run', file, '-m', '--once'])
      assert.deepEqual([ended.code, ended.stdout], [0, 'hello\n'], ended.stderr)
    }
    assert.equal((await agentTest(t, folder, ['-m', '-j', 'home.hello'])).stdout, 'hello\n')
  })

  it('may export its agent under any name, use top-level await, and have no jobs: it runs until stopped', async (t) => {
    const quiet = `
      import { agent, listener, on } from 'tidings'
      const name: string = await Promise.resolve('quiet')
      export const anything = agent(name, [listener('hear', on('x'), () => undefined)])`
    const folder = userFolder(t, { 'quiet.ts': quiet })
    const running = start(t, folder, 'tidings', ['run', 'quiet.ts', '-m'])
    await running.said(/new listener/)
    const { code, lines } = await running.signal('SIGTERM')
    assert.equal(code, 0)
    // A process that had ended by itself would not have stopped its agent.
    assert.equal(lines.at(-1)?.msg, 'agent stopped')
  })

  it('may fail in timers and forgotten promises: the agent logs it and continues', async (t) => {
    const careless = `
      import { agent, eventType, every, job, listener, on } from 'tidings'
      const tick = eventType('tick').of<{ n: number }>()
      export default agent('careless', [
        job('tick', every('300ms'), ({ publish, slot }) => {
          setTimeout(() => { throw new Error('in a timer') }, 1)
          void Promise.reject(new Error('forgotten'))
          void publish('tick', '', {}).then(() => undefined)
          throw new Error('on its own')
        }),
        job('ok', every('300ms'), ({ slot }) => tick(slot.toISOString(), { n: 1 })),
        listener('hear', on(tick), (event) => console.log('heard', event.seq)),
      ])`
    const folder = userFolder(t, { 'careless.ts': careless })
    const running = start(t, folder, 'tidings', ['run', 'careless.ts', '-m'])
    await running.said(/(heard \d+\s+){3}/)
    await running.said(/("job failed"[^]*){3}/)
    const ended = await running.signal('SIGINT')
    assert.equal(ended.code, 0, ended.stderr)
    const errors = ended.lines.filter(({ level }) => level >= 50)
    const words = new Set(errors.map(({ msg, err }) => `${msg}: ${(err as { message: string }).message.slice(0, 40)}`))
    assert.deepEqual([...words].filter((each) => !each.startsWith('job failed')).sort(), [
      'uncaught exception: in a timer',
      'unhandled rejection: forgotten',
    ])
    assert.ok(count(ended, 'job failed') >= 3)
  })
})
