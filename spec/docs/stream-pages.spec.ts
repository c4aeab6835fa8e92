import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { streamPages } from './streams/pages.ts'

const root = join(import.meta.dirname, '../..')

describe('docs/streams', () => {
  let made: Awaited<ReturnType<typeof streamPages>>
  before(async () => {
    made = await streamPages()
  })

  it('are as their sources say: npm run docs:streams makes them', () => {
    const stale = [...made.pages].filter(([path, text]) => {
      const file = join(root, path)
      return !existsSync(file) || readFileSync(file, 'utf8') !== text
    })
    const gone = readdirSync(join(root, 'docs/streams')).filter((name) => !made.pages.has(`docs/streams/${name}`))
    assert.deepEqual([stale.map(([path]) => path), gone], [[], []])
  })

  it('show an event of every stream that publishes', () => {
    assert.deepEqual(made.withoutExample, [])
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
