import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { filterProblems } from '@arethetypeswrong/core/problems'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { prefix as directoryPrefix } from '../support/temporary-directory.ts'
import { consumer, laws, parts } from './consumer.ts'
import { type Installed, install, localCopy, type Packed, pack } from './install.ts'
import { type Ended, must, root, run } from './programs.ts'

/** The streams that users import: the files beside each other. Folders hold what they are made of. */
const streams = readdirSync(join(root, 'streams'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''))

/** The most packages that an installation of Tidings may bring, with rxjs. */
const MOST_PACKAGES = 66

/** The files that streams are made of, as a user would import them. */
const inner = readdirSync(join(root, 'streams'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.includes('/') && path.endsWith('.ts'))
  .map((path) => path.replace(/\.ts$/, ''))

interface Made {
  readonly written: readonly string[]
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

const partition = <A>(all: readonly A[], test: (each: A) => boolean): [A[], A[]] => [
  all.filter((each) => test(each)),
  all.filter((each) => !test(each)),
]

describe('the package', () => {
  let directory: string
  let packed: Packed
  let installed: Installed
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), directoryPrefix))
    packed = await pack(directory)
    installed = await install(directory, packed.tarball)
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  it('contains the build and a few pages', () => {
    const built = ['lib', 'streams', 'bin'].flatMap((house) =>
      readdirSync(join(root, house), { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.ts') && !path.startsWith('templates/'))
        .map((path) => `dist/${house}/${path.replace(/\.ts$/, '')}`),
    )
    const templates = readdirSync(join(root, 'bin/templates'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    const expected = [
      ...shippedPages(),
      'LICENSE',
      'package.json',
      'dist/bin/register.d.ts',
      'dist/lib/shared/rxjs.cjs',
      ...['index.html', 'page.css', 'page.js'].map((file) => `dist/page/${file}`),
      ...templates,
      ...built.filter((path) => !path.startsWith('dist/lib/')).map((path) => `${path}.js`),
      ...built.filter((path) => !path.startsWith('dist/bin/')).map((path) => `${path}.d.ts`),
    ]
    const [bundled, files] = partition(packed.files, (path) => /^dist\/lib\/.*\.js$/.test(path))
    assert.deepEqual(files.toSorted(), expected.toSorted(), 'if dist is old: run npm run build')
    for (const path of bundled) {
      const isWhole = /^dist\/lib\/shared\/[A-Z\d]{8}\.js$/.test(path) || built.includes(path.replace(/\.js$/, ''))
      assert.ok(isWhole, `${path} has no source`)
    }
    assert.ok(bundled.includes('dist/lib/index.js') && bundled.length < 40, `${bundled.length} files`)
    assert.ok(packed.size < 1_500_000, `${packed.size} bytes`)
  })

  it('contains what its pages link to', () => {
    const pages = packed.files.filter((path) => path.endsWith('.md') && !path.startsWith('bin/'))
    assert.ok(pages.length > 40, `only ${pages.length} pages`)
    const has = (place: string): boolean =>
      packed.files.some((path) => path === place || path.startsWith(`${place.replace(/\/$/, '')}/`))
    const broken = pages.flatMap((page) => {
      const links = readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)
      return Array.from(links, ([, target = '']) => target)
        .filter((target) => !has(join(dirname(page), target)))
        .map((target) => `${page}: ${target}`)
    })
    assert.deepEqual(broken, [])
  })

  it('passes publint', async () => {
    const tarball = Uint8Array.from(readFileSync(packed.tarball)).buffer
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg, { color: false })),
      [],
    )
  })

  it('has correct types for Node and for bundlers', async () => {
    const subpaths = streams.map((name) => `./streams/${name}`)
    const data = createPackageFromTarballData(new Uint8Array(readFileSync(packed.tarball)))
    // It looks at each file of the package for each folder that it is asked for, thousands of times.
    const folders = new Map<string, boolean>()
    const hasFolder = data.directoryExists.bind(data)
    data.directoryExists = (path) => {
      const has = folders.get(path) ?? hasFolder(path)
      folders.set(path, has)
      return has
    }
    const result = await checkPackage(data, { includeEntrypoints: subpaths })
    assert.ok(result.types)
    for (const subpath of ['.', './filters', './testing', './register', ...subpaths])
      assert.ok(result.entrypoints[subpath]?.hasTypes, `${subpath} has no types`)
    for (const resolutionKind of ['node16-esm', 'bundler'] as const)
      assert.deepEqual(filterProblems(result, { resolutionKind }), [])
  })

  it('has types that need no package a user may lack', () => {
    const entries = ['lib/index', 'lib/filters', 'lib/testing/index', ...streams.map((name) => `streams/${name}`)]
    const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    ) as Required<Manifest>
    // A user of the kit has fast-check.
    const isPresent = (name: string): boolean => name === 'fast-check' || !(name in peerDependenciesMeta)
    const present = ['tidings', ...Object.keys({ ...dependencies, ...peerDependencies }).filter(isPresent)]
    const needed = new Set(entries.flatMap((entry) => packagesOf(join(root, `dist/${entry}.d.ts`))))
    assert.ok(needed.has('rxjs'))
    const missing = [...needed].filter(
      (name) => !name.startsWith('node:') && !present.some((one) => `${name}/`.startsWith(`${one}/`)),
    )
    assert.deepEqual(missing, [])
  })

  for (const moduleResolution of ['nodenext', 'bundler']) {
    it(`has types for users with moduleResolution ${moduleResolution}`, async () => {
      const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2022',
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      }
      const folder = installed.project
      const config = `tsconfig.${moduleResolution}.json`
      writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, files: ['consumer.mts', 'hello.ts'] }))
      // The packages that only one stream needs are not installed here, so no type may name them.
      const imports = streams.map((name, i) => `import * as stream${i} from 'tidings/streams/${name}'\n`)
      const used = `export const streams = [${streams.map((_, i) => `stream${i}`).join(', ')}]\n`
      writeFileSync(join(folder, 'consumer.mts'), imports.join('') + consumer + used)
      assert.equal(await must(folder, join(root, 'node_modules/.bin/tsc'), ['-p', config, '--pretty', 'false']), '')
    })
  }

  const ran = (folder: string, program: string, ...args: readonly string[]): Promise<Ended> =>
    run(folder, program, ['run', ...args, '--once', '-m'], { XDG_CACHE_HOME: join(directory, 'cache') })

  it('runs an agent in a folder that it was installed into', async () => {
    const { project } = installed
    const { code, stdout, stderr } = await ran(project, join(project, 'node_modules/.bin/tidings'), 'hello.ts')
    assert.equal(stdout, 'hello world\n', stderr)
    assert.equal(code, 0)
    assert.equal(stderr.split(localCopy).length - 1, 1, `the agent and its runner use one copy: ${stderr}`)
  })

  it('runs an agent in a folder without a package, if it is installed globally', async () => {
    const { prefix, bare } = installed
    const { code, stdout, stderr } = await ran(bare, join(prefix, 'bin/tidings'), 'hello.ts')
    assert.equal(stdout, 'hello world\n', stderr)
    assert.equal(code, 0)
    assert.equal(stderr.includes(localCopy), false)
    assert.match(await must(bare, join(prefix, 'bin/agent-test'), ['--help']), /agent-test/)
  })

  it('makes projects offline, which get the tarball that it was installed from', async () => {
    const { project } = installed
    const args = ['init', 'made', '--yes', '--no-install', '--json']
    const made = JSON.parse(await must(project, join(project, 'node_modules/.bin/tidings'), args)) as Made
    assert.ok(['.gitignore', '.github/workflows/test.yml'].every((path) => made.written.includes(path)))
    const manifest = JSON.parse(readFileSync(join(project, 'made/package.json'), 'utf8')) as Manifest
    assert.equal(manifest.dependencies.tidings, `file:${packed.tarball}`)
  })

  it('brings few packages, and none that only one stream needs', () => {
    const { prefix } = installed
    const names = packagesIn(join(prefix, 'lib/node_modules/tidings/node_modules'))
    assert.ok(names.length <= MOST_PACKAGES, `${names.length} packages: ${names.join(' ')}`)
    const { peerDependenciesMeta } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      peerDependenciesMeta: Record<string, object>
    }
    assert.deepEqual(
      Object.keys(peerDependenciesMeta).filter((name) => names.includes(name)),
      [],
    )
  })

  it('can import every stream without the packages that it needs to run, and nothing that streams share', async () => {
    const { project } = installed
    const loaded = streams.map((name) => `await import('tidings/streams/${name}')`).join('\n')
    assert.equal(await must(project, process.execPath, ['--input-type=module', '-e', loaded]), '')
    const refused = inner.map(
      (name) => `await import('tidings/streams/${name}').catch(({ code }) => console.log(code))`,
    )
    const codes = await must(project, process.execPath, ['--input-type=module', '-e', refused.join('\n')])
    assert.equal(codes, 'ERR_PACKAGE_PATH_NOT_EXPORTED\n'.repeat(inner.length))
  })

  it('names the missing package if tidings/testing is imported without fast-check', async () => {
    const { prefix } = installed
    const modules = join(prefix, 'lib/node_modules/tidings')
    assert.equal(existsSync(join(modules, 'node_modules/fast-check')), false, 'an optional peer was installed')
    const { code, stderr } = await run(modules, process.execPath, ['-e', "import('tidings/testing')"])
    assert.equal(code, 1)
    assert.match(stderr, /Error: tidings\/testing needs the package fast-check; install it .*npm install --save-dev/)
  })

  it('checks the laws of a stream where fast-check is installed', async () => {
    const { project } = installed
    writeFileSync(join(project, 'laws.mjs'), laws)
    assert.equal(await must(project, process.execPath, ['laws.mjs']), 'all 11 laws hold\n')
  })

  it('recognises the jobs, listeners, streams and errors of another copy: a global one runs the parts of a local one', async () => {
    const { prefix, project } = installed
    writeFileSync(join(project, 'parts.ts'), parts)
    const [hello, many] = await Promise.all([
      ran(project, join(prefix, 'bin/tidings'), 'hello.ts'),
      ran(project, join(prefix, 'bin/tidings'), 'parts.ts'),
    ])
    assert.equal(hello.stdout, 'hello world\n', hello.stderr)
    assert.equal(many.stdout, 'heard 2\nheard 3\n', many.stderr)
    assert.match(many.stderr, /"listener":"refusing",.*"msg":"event parked"/)
    for (const { stderr } of [hello, many]) assert.equal(stderr.split(localCopy).length - 1, 1, stderr)
  })
})

/** The documentation of users: all pages, and what they show, but not how and why the code is as it is. */
function shippedPages(): string[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  const inner = /^docs\/(STYLE\.md|decisions\/|site\/)/
  return ['README.md', 'CHANGELOG.md', 'SECURITY.md', ...below.filter((path) => !inner.test(path))]
}

/** The names of the packages in a node_modules folder, and in those inside it. */
function packagesIn(modules: string): string[] {
  if (!existsSync(modules)) return []
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((each) => `${name}/${each}`) : [name],
  )
  return names
    .filter((name) => existsSync(join(modules, name, 'package.json')))
    .flatMap((name) => [name, ...packagesIn(join(modules, name, 'node_modules'))])
}

/** The packages that the types in a file import, also by way of other files. */
function packagesOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|import\('([^']+)'\)/gm)
  return Array.from(imports, ([, named, inline]) => named ?? (inline as string)).flatMap((name) =>
    name.startsWith('.') ? packagesOf(join(dirname(file), name.replace(/\.[jt]s$/, '.d.ts')), seen) : [name],
  )
}
