import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'

const folder = join(import.meta.dirname, '../../dist/page')

/** How much a browser loads at most, compressed, in bytes. */
const MOST = 25 * 1024

const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

describe('the built page (if it is old: npm run build)', () => {
  it('is three files of at most 25 kB, compressed', () => {
    const files = readdirSync(folder).toSorted()
    assert.deepEqual(files, ['index.html', 'page.css', 'page.js'])
    const sizes = files.map((file) => gzipSync(read(file), { level: 9 }).length)
    const sum = sizes.reduce((a, b) => a + b)
    assert.ok(sum <= MOST, `${sum} bytes: ${files.map((file, i) => `${file} ${sizes[i]}`).join(', ')}`)
  })

  it('has no inline script or style, and asks for its own files by relative addresses', () => {
    const html = read('index.html')
    assert.doesNotMatch(html, /<style|style=|<script(?![^>]*\bsrc=)|\son\w+=/i)
    const addresses = Array.from(html.matchAll(/(?:src|href)="([^"]*)"/g), ([, address]) => address)
    assert.deepEqual(addresses, ['data:,', 'page.css', 'page.js'])
  })

  it('writes no markup, so that Trusted Types need no policy', () => {
    // Preact itself can write innerHTML, if a component asks it to.
    const sources = readdirSync(join(folder, '../../page'), { recursive: true, encoding: 'utf8' })
    for (const source of sources.filter((path) => /\.tsx?$/.test(path)))
      assert.doesNotMatch(
        readFileSync(join(folder, '../../page', source), 'utf8'),
        /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|\beval\b|new Function/i,
        source,
      )
  })

  it('has no address of another site', () => {
    const foreign = (read('page.css') + read('page.js')).match(/https?:\/\/[\w.-]+/g) ?? []
    // The namespaces of SVG, MathML and XHTML are names.
    assert.deepEqual(
      [...new Set(foreign)].filter((address) => address !== 'http://www.w3.org'),
      [],
    )
  })
})
