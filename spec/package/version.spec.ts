import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** A folder with what a release changes: of version 0.1.0, with changesets of these kinds. */
function repository(t: TestContext, changes: string, ...kinds: ('patch' | 'minor')[]): string {
  const folder = temporaryDirectory(t)
  for (const path of ['package.json', 'package-lock.json', 'create-tidings', '.changeset/config.json']) {
    cpSync(join(root, path), join(folder, path), { recursive: true })
  }
  const manifest = readFileSync(join(root, 'package.json'), 'utf8')
  writeFileSync(join(folder, 'package.json'), manifest.replace(/"version": ".*?"/, '"version": "0.1.0"'))
  writeFileSync(join(folder, 'CHANGELOG.md'), changes)
  for (const [n, kind] of kinds.entries()) {
    writeFileSync(join(folder, `.changeset/change-${n}.md`), `---\n"tidings": ${kind}\n---\n\nA change.\n`)
  }
  return folder
}

/** Runs the two programs of `npm run release`. */
function release(cwd: string): { status: number | null; stderr: string } {
  const { release: script } = (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { release: string } }
  ).scripts
  assert.equal(script, 'changeset version && node .ci/version.mjs')
  const raised = spawnSync(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], {
    cwd,
    encoding: 'utf8',
  })
  assert.equal(raised.status, 0, raised.stderr)
  return spawnSync(process.execPath, [join(root, '.ci/version.mjs')], { cwd, encoding: 'utf8' })
}

describe('a release', () => {
  it('raises both packages as far as the changesets say, and gives the unreleased changes their version', (t) => {
    const cases = [
      { kinds: ['patch'], version: '0.1.1' },
      { kinds: ['patch', 'minor'], version: '0.2.0' },
    ] as const
    for (const { kinds, version } of cases) {
      const folder = repository(
        t,
        '# Changelog\n\n## [Unreleased]\n\n- a\n\n## [0.1.0] - 2026-12-01\n\n- b\n',
        ...kinds,
      )
      const { status, stderr } = release(folder)
      assert.equal(status, 0, stderr)
      const create = manifestIn(join(folder, 'create-tidings'))
      const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
        version: string
        packages: { '': { version: string } }
      }
      assert.deepEqual(
        [manifestIn(folder).version, create.version, create.dependencies, lock.version, lock.packages[''].version],
        [version, version, { tidings: version }, version, version],
      )
      assert.equal(
        readFileSync(join(folder, 'CHANGELOG.md'), 'utf8').replace(/\d{4}-\d\d-\d\d(?=\n\n- a)/, 'TODAY'),
        `# Changelog\n\n## [Unreleased]\n\n## [${version}] - TODAY\n\n- a\n\n## [0.1.0] - 2026-12-01\n\n- b\n`,
      )
      assert.deepEqual(readdirSync(join(folder, '.changeset')), ['config.json'], 'changesets are used once')
    }
  })

  it('needs a change that users notice', (t) => {
    for (const changes of ['## [Unreleased]\n\n## [0.1.0]\n\n- b\n', '## [Unreleased]\n', '# Changelog\n']) {
      const { status, stderr } = release(repository(t, changes, 'minor'))
      assert.equal(status, 1)
      assert.match(stderr, /CHANGELOG\.md has nothing under \[Unreleased\]/)
    }
  })

  it('needs a changeset', (t) => {
    const folder = repository(t, '## [Unreleased]\n\n- a\n\n## [0.1.0] - 2026-12-01\n\n- b\n')
    const { status, stderr } = release(folder)
    assert.equal(status, 1)
    assert.match(stderr, /CHANGELOG\.md has 0\.1\.0 already: no changeset raises the version; npx changeset writes one/)
  })
})
