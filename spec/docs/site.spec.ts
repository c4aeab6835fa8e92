import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Repository } from '../../docs/site/repository.ts'
import { root } from '../support/exported-modules.ts'

describe('the site of the documentation', () => {
  const repository = new Repository(root)
  const contents = repository.contents()
  const { pages } = repository.read()
  const paths = new Set(pages.map(({ path }) => path))

  it('has every page in its table of contents: docs/README.md', () => {
    const listed = new Set(contents.flatMap(({ links }) => links.map(({ page }) => page)))
    const below = /^(index\.md|STYLE\.md|streams\/|recipes\/|decisions\/|project\/|files\/)/
    assert.deepEqual(
      [...paths].filter((path) => !listed.has(path) && !below.test(path)),
      [],
    )
    assert.deepEqual(
      [...listed].filter((path) => !paths.has(path)),
      [],
    )
  })

  it('has no link that leaves it', () => {
    for (const { path, text } of pages) {
      if (path.startsWith('files/')) continue
      const prose = text.replaceAll(/^ *(`{3,})[^]*?^ *\1 *$/gm, '').replaceAll(/`[^`\n]+`/g, '')
      for (const [, target = ''] of prose.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)) {
        if (/\.(svg|png)$/.test(target)) continue
        const to = new URL(target, `file:///${path}`).pathname.slice(1)
        assert.ok(paths.has(to), `${path}: ${target}`)
      }
    }
  })

  it('has nothing that would be read as a tag', () => {
    for (const { path, text } of pages) {
      if (path.startsWith('files/')) continue
      const prose = text.replaceAll(/^ *(`{3,})[^]*?^ *\1 *$/gm, '').replaceAll(/`[^`\n]+`/g, '')
      assert.doesNotMatch(prose, /<[a-z/!]|\{\{/i, path)
    }
  })
})
