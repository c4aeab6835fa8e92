import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const below = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => ending.test(path))
    .map((path) => `${folder}/${path}`)

const decisions = below('docs/decisions', /\.md$/)
const pages = [...readdirSync(root).filter((name) => name.endsWith('.md')), 'lib/README.md', ...below('docs', /\.md$/)]
const code = ['lib', 'bin', 'streams'].flatMap((folder) => below(folder, /\.ts$/))

/** Places that a text names although they are not in the repository. */
function missingPlaces(path: string, text: string): string[] {
  const places = text.matchAll(/(?<![\w./$~-])(?:lib|bin|streams|spec|docs)\/[\w./-]*\w/g)
  return Array.from(places, ([place]) => place)
    .filter(
      (place) => !['', '.ts', '.spec.ts', '.slow.ts', '.js'].some((ending) => existsSync(join(root, place + ending))),
    )
    .map((place) => `${path} names ${place}`)
}

/** Links to a page that is not there, or to a heading that the page does not have. */
function brokenLinks(path: string, text: string): string[] {
  return Array.from(text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g), ([link, page = '', heading]) => {
    const target = page === '' ? path : join(dirname(path), page)
    if (!existsSync(join(root, target))) return `${path}: ${link}`
    const found = heading === undefined || headings(read(target)).includes(heading)
    return found ? '' : `${path}: ${link}`
  }).filter((broken) => broken !== '')
}

/** The anchors that GitHub makes of the headings of a page. */
function headings(text: string): string[] {
  return Array.from(text.matchAll(/^#+ (.*)$/gm), ([, words = '']) =>
    words
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** The numbers of decisions that a text names: `Decision 0004`, `decisions/0004`, `[0004]`. */
function numbersIn(text: string): string[] {
  return Array.from(text.matchAll(/(?:\bdecisions?[ /]|\[)(0\d{3})\b/gi), ([, number = '']) => number)
}

describe('places', () => {
  it('that pages name exist', () => {
    assert.deepEqual(
      pages.flatMap((path) => missingPlaces(path, read(path))),
      [],
    )
  })

  it('that comments name exist', () => {
    assert.deepEqual(
      code.flatMap((path) => missingPlaces(path, read(path))),
      [],
    )
  })

  it('that pages link to exist', () => {
    assert.deepEqual(
      pages.flatMap((path) => brokenLinks(path, read(path))),
      [],
    )
  })

  it('that do not exist are found', () => {
    assert.deepEqual(
      missingPlaces('a.md', 'see `lib/core/clock.ts`, `spec/faults/kill`, ../lib/nothing and lib/nothing.ts'),
      ['a.md names lib/nothing.ts'],
    )
    assert.deepEqual(
      brokenLinks('docs/a.md', '[1](concepts.md#what-goes-in) [2](concepts.md#nothing) [3](nothing.md)'),
      ['docs/a.md: ](concepts.md#nothing)', 'docs/a.md: ](nothing.md)'],
    )
  })
})

describe('decisions', () => {
  const numbers = decisions.map((path) => path.slice('docs/decisions/'.length, 'docs/decisions/0000'.length))

  it('have a number of their own', () => {
    assert.equal(new Set(numbers).size, decisions.length)
  })

  for (const [i, path] of decisions.entries()) {
    it(`${numbers[i]} has a status, a context, a decision and alternatives`, () => {
      const text = read(path)
      assert.match(text, new RegExp(`^# ${numbers[i]} — \\S.*\n\n\\*\\*Status:\\*\\* (?:accepted|replaced)\\b`))
      const sections = Array.from(text.matchAll(/^## (.*)$/gm), ([, words]) => words)
      assert.deepEqual(
        sections.filter((section) => section !== 'Consequences'),
        ['Context', 'Decision', 'Alternatives'],
      )
    })
  }

  it('that code and pages name exist', () => {
    const named = [...pages, ...code].flatMap((path) => numbersIn(read(path)).map((number) => ({ path, number })))
    assert.ok(named.length > 10)
    assert.deepEqual(
      named.filter(({ number }) => !numbers.includes(number)),
      [],
    )
  })
})
