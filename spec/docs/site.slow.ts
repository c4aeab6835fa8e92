import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { root } from '../support/exported-modules.ts'

const site = join(root, '.cache/site/dist')

function build(program: string, ...before: readonly string[]): void {
  const args = [...before, '--import', 'tsx', join(root, 'docs/site/build.ts')]
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, env, encoding: 'utf8' })
  if (error !== undefined) throw new Error(`${program} is missing: apt-get install util-linux`, { cause: error })
  assert.equal(status, 0, `${stdout}\n${stderr}`)
}

const files = (ending: RegExp): string[] =>
  readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((path) => ending.test(path))

/** What a browser would load from elsewhere, in a page, a style or a script. Links in the text are not loaded. */
function foreign(path: string, text: string): string[] {
  const loads = path.endsWith('.html')
    ? [
        /<(?:script|img|source|iframe|video|audio|embed|object)\b[^>]*\b(?:src|srcset|data)="((?:https?:)?\/\/[^"]*)/g,
        /<link\b[^>]*\bhref="((?:https?:)?\/\/[^"]*)/g,
      ]
    : []
  const styles = [/@import\s*(?:url\()?["']?((?:https?:)?\/\/[^"')]*)/g, /\burl\(["']?((?:https?:)?\/\/[^"')]*)/g]
  const scripts = [
    /\b(?:import|fetch|importScripts|Worker|EventSource|WebSocket)\(\s*["'`]((?:https?|wss?):\/\/[^"'`]*)/g,
    /\b(?:from|import)\s*["']((?:https?:)\/\/[^"']*)/g,
  ]
  const patterns = path.endsWith('.js') ? scripts : [...loads, ...styles]
  const found = patterns.flatMap((pattern) =>
    Array.from(text.matchAll(pattern), ([, address]) => `${path}: ${address}`),
  )
  return [...new Set(found)]
}

describe('the site of the documentation', { timeout: 30 * 60_000 }, () => {
  before(() => {
    // Installs what is missing, then builds once more with the network cut.
    build(process.execPath)
    build('unshare', '--map-root-user', '--net', process.execPath)
  })

  it('is built without the network', () => {
    const pages = files(/\.html$/)
    for (const page of [
      'index',
      'tutorial',
      'cli',
      'options',
      'embedding',
      'streams/github',
      'decisions/0001-one-writer',
    ])
      assert.ok(pages.includes(`${page}.html`), `${page} is missing`)
    assert.ok(pages.filter((path) => path.startsWith('api/')).length > 100, `${pages.length} pages`)
  })

  it('loads no foreign script, style, font or picture', () => {
    const found = files(/\.(html|css|js|svg)$/).flatMap((path) => foreign(path, readFileSync(join(site, path), 'utf8')))
    assert.deepEqual(found, [])
  })

  it('has a search of its own', () => {
    assert.ok(files(/localSearchIndex.*\.js$/).length > 0)
  })

  it('would be found to load something foreign', () => {
    const page = `<script src="https://a.example/x.js"></script><link rel="stylesheet" href="//b.example/y.css">
      <img alt="" src="http://c.example/z.png"><style>@import url(https://d.example/f.css)</style><a href="https://e.example">`
    assert.equal(foreign('x.html', page).length, 4)
    assert.equal(foreign('x.css', '@font-face { src: url("https://f.example/g.woff2") }').length, 1)
    assert.equal(foreign('x.js', 'await import("https://g.example/h.js"); const link = "https://ok.example"').length, 1)
  })
})
