import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { root } from '../support/exported-modules.ts'
import { environment } from './reference/environment.ts'
import { defaultIn, optioned } from './reference/options-of.ts'
import { referencePages } from './reference/pages.ts'
import { streamPages } from './streams/pages.ts'

/** The pages whose files differ from what was made. */
function stale(pages: ReadonlyMap<string, string>): string[] {
  const differs = ([path, text]: readonly [string, string]): boolean => {
    const file = join(root, path)
    return !existsSync(file) || readFileSync(file, 'utf8') !== text
  }
  return [...pages].filter(differs).map(([path]) => path)
}

describe('docs/streams', () => {
  let made: Awaited<ReturnType<typeof streamPages>>
  before(async () => {
    made = await streamPages()
  })

  it('are as their sources say: npm run docs:streams makes them', () => {
    const gone = readdirSync(join(root, 'docs/streams')).filter((name) => !made.pages.has(`docs/streams/${name}`))
    assert.deepEqual([stale(made.pages), gone], [[], []])
  })

  it('show an event of every stream that publishes', () => {
    assert.deepEqual(made.withoutExample, [])
  })

  it('have the limits, and what happens on each error', () => {
    for (const [path, text] of made.pages) {
      if (path.endsWith('README.md')) continue
      assert.match(text, /\*\*Limits\b/, path)
      assert.match(text, /\*\*Errors\b|^## When a handler fails$/m, path)
    }
  })

  it('have a program, and a text for every option, member and parameter', () => {
    for (const [path, text] of made.pages) {
      if (path.endsWith('README.md')) continue
      assert.match(text, /## A program\n\n```ts\n/, path)
      assert.deepEqual(
        text.split('\n').filter((line) => /^\| `.*\| {1,2}\|$/.test(line)),
        [],
        path,
      )
    }
  })
})

describe('docs/cli.md and docs/options.md', () => {
  let pages: ReadonlyMap<string, string>
  before(async () => {
    pages = await referencePages()
  })

  it('are as the commands and the sources say', () => {
    assert.deepEqual(stale(pages), [], 'run npm run docs:reference and commit what it writes')
  })

  it('have a text for every option', () => {
    for (const [path, text] of pages) {
      const silent = text.split('\n').filter((line) => /^\| `.*\| \.?\|$/.test(line.replaceAll(/ +\|/g, ' |')))
      assert.deepEqual(silent, [], path)
    }
  })

  it('have the unit or the range of every option that is a number or a duration', () => {
    const units =
      /\b(ms|bytes?|seqs?|from \d|at least|above \d|number of|whole number|how (?:many|often|long|far)|for this long)\b/i
    const options = optioned().flatMap(({ calls, options }) => options.map((each) => ({ ...each, of: calls[0] })))
    assert.ok(options.length > 80, `only ${options.length} options were found`)
    const unclear = options.filter(({ type, text }) => /^(number|Duration)$/.test(type) && !units.test(text))
    assert.deepEqual(
      unclear.map(({ of, name, text }) => `${of} ${name}: ${text}`),
      [],
    )
  })

  it('have every environment variable that the code reads', () => {
    const listed = new Set(environment.map(([name]) => name))
    const read = ['lib', 'bin', 'streams'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts'))
        .flatMap((path) => {
          const text = readFileSync(join(root, folder, path), 'utf8')
          const named = text.matchAll(/\benv(?:\.|\[')([A-Z][A-Z_]+)\b|\bset\('([A-Z_]+)'\)/g)
          const taken = text.matchAll(/\{([^{}]*)\} = (?:process\.)?env\b/g)
          return [
            ...Array.from(named, ([, a, b]) => a ?? b ?? ''),
            ...Array.from(taken, ([, names = '']) => names.match(/\b[A-Z][A-Z_]+\b/g) ?? []).flat(),
          ]
        }),
    )
    assert.ok(['TIDINGS_DB', 'CREDENTIALS_DIRECTORY', 'WATCHDOG_USEC'].every((name) => read.includes(name)))
    const unlisted = [...new Set(read)].filter((name) => !listed.has(name))
    assert.deepEqual(unlisted, [], 'add it to spec/docs/reference/environment.ts, then npm run docs:reference')
  })
})

describe('a default', () => {
  const samples: readonly (readonly [text: string, fallback: string | undefined])[] = [
    ['What happens. `skip` (default): nothing; `queue`: it waits.', '`skip`'],
    ["Where it begins: at the end (`'now'`, the default), or at the `'start'`.", "`'now'`"],
    ['Which keep their order: those of one identity (default), all (`true`).', 'those of one identity'],
    ['The longest, in ms; default 5 min, none for `always()`. Later it is aborted.', '5 min, none for `always()`'],
    ['The log; default a log in `.tidings/<agent>`, which it opens.', 'a log in `.tidings/<agent>`, which it opens'],
    ['Its share, above 0; default 0.9.', '0.9'],
    ['The limit; default 1024 (1 KiB).', '1024 (1 KiB)'],
    ['A name. Default: that of the agent.', 'that of the agent'],
    ['At least `new` (default 20), and this `share` (default 0.9).', 'see below'],
    ['The error behind it.', undefined],
  ]
  for (const [text, fallback] of samples) {
    it(`of "${text}" is ${fallback}`, () => assert.equal(defaultIn(text), fallback))
  }
})
