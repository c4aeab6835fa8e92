import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { allowed, forbiddenPhrases, type Hit, phrases } from './words.ts'

const root = join(import.meta.dirname, '../..')

function textsBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path))
    .map((path) => `${folder}/${path}`)
}

/** What is checked; `pages` are those in the root of the project. */
const areas = ['lib', 'bin', 'streams', 'page', 'spec', 'docs', 'pages']

function hitsOf(area: string): Hit[] {
  const files =
    area === 'pages'
      ? readdirSync(root).filter((name) => name.endsWith('.md'))
      : textsBelow(area, area === 'spec' ? /\.ts$/ : /\.(?:tsx?|md)$/)
  return files.flatMap((path) => forbiddenPhrases(path, readFileSync(join(root, path), 'utf8')))
}

describe('the words of the house', () => {
  for (const area of areas) {
    it(`are plain English in ${area}`, () => {
      const hits = hitsOf(area).map(({ at, name, words }) => `${at} ${name}: ${words}`)
      assert.deepEqual(hits, [])
    })
  }
})

describe('a forbidden phrase is found:', () => {
  const samples: readonly (readonly [name: string, text: string])[] = [
    ['is none', 'A date that is none is refused.'],
    ['is none', 'Entries that\nare none are skipped.'],
    ['is no X', 'That is no news.'],
    ['is no X', 'Values that are no strings fail.'],
    ['what is … is', 'What is refused by then is dropped.'],
    ['is said', 'The failure is said.'],
    ['is told', 'The logger is told.'],
    ['is told', 'The caller is told what to do.'],
    ['is told', 'A commit is told of the end.'],
    ['whoever', 'Whoever waits gets an answer.'],
    ['goes on', 'Then the run goes on.'],
    ['anew', 'The store is opened anew.'],
    ['nobody', 'Nobody reads this.'],
    ['nobody', 'It belongs to somebody.'],
  ]

  for (const [name, text] of samples) {
    it(`"${name}" in a page`, () => assert.deepEqual(namesIn('docs/x.md', text), [name]))
    it(`"${name}" in a comment`, () => {
      assert.deepEqual(namesIn('lib/a.ts', `/**\n * ${text.replace('\n', '\n * ')}\n */\nconst a = 1`), [name])
      assert.deepEqual(namesIn('lib/a.ts', `const a = 1 // ${text.replace('\n', '\n  // ')}`), [name])
    })
    it(`"${name}" in a string`, () => {
      assert.deepEqual(namesIn('bin/a.ts', `log(${JSON.stringify(text.replace('\n', ' '))})`), [name])
      assert.deepEqual(namesIn('bin/a.ts', `log(\`\${one}: ${text}\`)`), [name])
    })
    it(`"${name}" in the title of a spec`, () => {
      const title = JSON.stringify(text.replace('\n', ' '))
      assert.deepEqual(namesIn('spec/a.spec.ts', `describe(${title}, () => log(${title}))`), [name])
    })
  }

  it('is shown here for each phrase', () => {
    assert.deepEqual(new Set(samples.map(([name]) => name)), new Set(phrases.map(({ name }) => name)))
  })

  it('with its file and line', () => {
    assert.deepEqual(forbiddenPhrases('lib/a.ts', '\n// A date that\n// is none.'), [
      { at: 'lib/a.ts:3', name: 'is none', words: 'is none' },
    ])
  })
})

describe('plain English', () => {
  const fine = [
    'There is no such file, and it is no longer needed.',
    'An event is told once. A tag that moved is told again. Nothing is told twice.',
    'The newest drafts are told; A, B, A is told three times.',
    'What is stored stays. It is there.',
  ]
  for (const text of fine) it(`has no such phrase: ${text}`, () => assert.deepEqual(namesIn('docs/x.md', text), []))

  it('is not asked of identifiers, nor of the code of specs', () => {
    const code = 'const anew = whoever.nobody(is, none)'
    assert.deepEqual(namesIn('lib/a.ts', code), [])
    assert.deepEqual(namesIn('spec/a.spec.ts', `${code} // is none\nlog('is none')`), [])
  })

  it('is not asked of a text whose wording is fixed', () => {
    assert.deepEqual(namesIn('docs/STYLE.md', 'Whoever waits.'), [])
    assert.deepEqual(namesIn('docs/concepts.md', 'Whoever waits.'), ['whoever'])
    assert.ok(allowed.every(({ reason }) => reason.length > 20))
  })
})

function namesIn(path: string, text: string): string[] {
  return forbiddenPhrases(path, text).map(({ name }) => name)
}
