import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readTemplates, writeTemplates } from '../../bin/templates.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const words = { project: 'a "b"', agent: 'hello', ext: 'ts', tidings: 'file:/tmp/a "b"' }

describe('readTemplates', () => {
  it('puts words in place of {{word}}, also in JSON, and leaves {{ other }} braces', () => {
    const files = new Map(readTemplates('init/ts', words).map(({ path, text }) => [path, text]))
    const manifest = JSON.parse(files.get('package.json') ?? '') as Record<string, unknown>
    assert.equal(manifest.name, 'a "b"')
    assert.deepEqual(manifest.dependencies, { rxjs: '^7.8.0', tidings: 'file:/tmp/a "b"' })
  })

  it('gives names their dot back, and a folder of the project', () => {
    const paths = readTemplates('init/all', words, 'sub').map(({ path }) => path)
    assert.ok(paths.includes('sub/.gitignore'))
    assert.ok(paths.includes('sub/.github/workflows/test.yml'))
  })

  it('rejects a word that it does not know', () => {
    assert.throws(() => readTemplates('init/ts', { project: 'x' }), /package\.json has an unknown word tidings/)
  })
})

describe('writeTemplates', () => {
  const files = [
    { path: 'a.txt', text: 'a' },
    { path: 'sub/b.txt', text: 'b' },
  ]

  it('makes a folder with everything in it, and its parents', (t) => {
    const directory = join(temporaryDirectory(t), 'parent/new')
    assert.deepEqual(writeTemplates(directory, files), { written: ['a.txt', 'sub/b.txt'], kept: [] })
    assert.equal(readFileSync(join(directory, 'sub/b.txt'), 'utf8'), 'b')
    assert.deepEqual(readdirSync(join(directory, '..')), ['new'])
  })

  it('keeps the files that are there', (t) => {
    const directory = temporaryDirectory(t)
    writeFileSync(join(directory, 'a.txt'), 'mine')
    assert.deepEqual(writeTemplates(directory, files), { written: ['sub/b.txt'], kept: ['a.txt'] })
    assert.equal(readFileSync(join(directory, 'a.txt'), 'utf8'), 'mine')
  })

  it('leaves nothing behind if it fails', (t) => {
    const parent = temporaryDirectory(t)
    // A folder can't be written over, nor can a file be made below a file.
    const wrong = [...files, { path: 'a.txt/c.txt', text: 'c' }]
    assert.throws(() => writeTemplates(join(parent, 'new'), wrong))
    assert.deepEqual(readdirSync(parent), [])
    mkdirSync(join(parent, 'old'))
    assert.throws(() => writeTemplates(join(parent, 'old'), wrong))
    assert.deepEqual(readdirSync(join(parent, 'old')), [])
    assert.equal(existsSync(join(parent, 'new')), false)
  })
})
