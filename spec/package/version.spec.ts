import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { root } from './programs.ts'

interface Manifest {
  readonly version: string
  readonly engines: object
  readonly dependencies: Readonly<Record<string, string>>
}

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

describe('create-tidings', () => {
  it('has the version of tidings, and brings exactly that', () => {
    const [own, { version, engines }] = [manifestIn(join(root, 'create-tidings')), manifestIn(root)]
    assert.deepEqual([own.version, own.dependencies, own.engines], [version, { tidings: version }, engines])
  })

  it('is three files, and passes publint', async () => {
    const pkgDir = join(root, 'create-tidings')
    const { messages, pkg } = await publint({ pkgDir, strict: true })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg, { color: false })),
      [],
    )
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: pkgDir, encoding: 'utf8' })
    const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }]
    assert.deepEqual(files.map(({ path }) => path).sort(), ['README.md', 'create-tidings.mjs', 'package.json'])
  })
})

/** A folder with what a release changes, in which npm has raised the version. */
function raised(t: TestContext, changes: string): string {
  const folder = temporaryDirectory(t)
  mkdirSync(join(folder, 'create-tidings'))
  cpSync(join(root, 'create-tidings/package.json'), join(folder, 'create-tidings/package.json'))
  writeFileSync(join(folder, 'package.json'), '{"version":"7.8.9"}')
  writeFileSync(join(folder, 'CHANGELOG.md'), changes)
  return folder
}

const release = (cwd: string) => spawnSync(process.execPath, [join(root, '.ci/version.mjs')], { cwd, encoding: 'utf8' })

describe('a release', () => {
  it('raises both packages, and gives the unreleased changes their version', (t) => {
    const folder = raised(t, '# Changelog\n\n## [Unreleased]\n\n- a change\n\n## [0.1.0] - 2026-12-01\n\n- b\n')
    const { status, stderr } = release(folder)
    assert.equal(status, 0, stderr)
    const { version, dependencies } = manifestIn(join(folder, 'create-tidings'))
    assert.deepEqual([version, dependencies], ['7.8.9', { tidings: '7.8.9' }])
    const changes = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8').replace(/\d{4}-\d\d-\d\d(?=\n\n- a)/, 'TODAY')
    assert.equal(
      changes,
      '# Changelog\n\n## [Unreleased]\n\n## [7.8.9] - TODAY\n\n- a change\n\n## [0.1.0] - 2026-12-01\n\n- b\n',
    )
  })

  it('needs a change that users notice', (t) => {
    for (const changes of ['## [Unreleased]\n\n## [0.1.0]\n\n- b\n', '## [Unreleased]\n', '# Changelog\n']) {
      const { status, stderr } = release(raised(t, changes))
      assert.equal(status, 1)
      assert.match(stderr, /CHANGELOG\.md has nothing under \[Unreleased\]/)
    }
  })
})
