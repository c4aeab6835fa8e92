// npm run docs: builds the site of the documentation in .cache/site/dist, from docs/, the other pages and the comments of
// the public modules. It installs VitePress and TypeDoc there once; after that it needs no network. `--preview` shows it.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Chapter, Repository } from './repository.ts'

const root = join(import.meta.dirname, '../..')
/** Ignored by git, and no part of docs/: what npm installs has pages of its own. */
const work = join(root, '.cache/site')
const source = join(work, 'src')

install()
rmSync(source, { recursive: true, force: true })
rmSync(join(work, 'dist'), { recursive: true, force: true })
const repository = new Repository(root)
const contents = repository.contents()
const { pages, pictures } = repository.read()
for (const { path, text } of pages) write(join(source, path), text)
for (const [from, name] of pictures) copyFileSync(join(root, from), join(source, name))
documentCode()
write(join(work, '.vitepress/config.mjs'), `export default ${JSON.stringify(configOf(contents), null, 2)}\n`)
run('vitepress/bin/vitepress.js', 'build')
process.stdout.write(`the site is in ${join(work, 'dist')}\n`)
if (process.argv.includes('--preview')) run('vitepress/bin/vitepress.js', 'preview')

function install(): void {
  mkdirSync(work, { recursive: true })
  const lock = readFileSync(join(import.meta.dirname, 'package-lock.json'), 'utf8')
  const installed = join(work, 'package-lock.json')
  const isThere = existsSync(join(work, 'node_modules/.package-lock.json')) && existsSync(installed)
  if (isThere && readFileSync(installed, 'utf8') === lock) return
  for (const name of ['package.json', 'package-lock.json'])
    copyFileSync(join(import.meta.dirname, name), join(work, name))
  process.stdout.write('installing VitePress and TypeDoc, once\n')
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  end('npm ci', spawnSync('npm', args, { cwd: work, stdio: 'inherit' }).status)
}

/** The reference of the public modules, by TypeDoc, as Markdown. */
function documentCode(): void {
  write(
    join(work, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: ['../../lib'], compilerOptions: { noEmit: true } }),
  )
  const options = {
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: ['index.ts', 'filters.ts', 'testing/index.ts'].map((name) => join(root, 'lib', name)),
    tsconfig: join(work, 'tsconfig.json'),
    out: join(source, 'api'),
    name: 'Modules',
    readme: 'none',
    entryFileName: 'index',
    disableSources: true,
    githubPages: false,
    excludeInternal: true,
    logLevel: 'Error',
  }
  write(join(work, 'typedoc.json'), JSON.stringify(options))
  run('typedoc/bin/typedoc', '--options', join(work, 'typedoc.json'))
}

/** Everything is on the site itself: fonts, scripts and the index of the search. A dead link is an error. */
function configOf(chapters: readonly Chapter[]): object {
  const href = (page: string): string => `/${page.replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`
  const code = { text: 'Modules', items: [{ text: 'Reference of the code', link: '/api/' }] }
  const sidebar = chapters.map(({ title, links }) => ({
    text: title,
    collapsed: false,
    items: links.map((each) => ({ text: each.title, link: href(each.page) })),
  }))
  return {
    title: 'Tidings',
    description: 'A reactive stream-processing engine for automation as code',
    lang: 'en',
    srcDir: 'src',
    outDir: 'dist',
    markdown: { languageAlias: { cjs: 'javascript' } },
    themeConfig: {
      nav: sidebar.map(({ text, items }) => ({ text, items })).concat({ ...code }),
      sidebar: [...sidebar, { ...code, collapsed: false }],
      outline: [2, 3],
      search: { provider: 'local' },
    },
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function run(program: string, ...args: readonly string[]): void {
  const script = join(work, 'node_modules', program)
  end(program, spawnSync(process.execPath, [script, ...args], { cwd: work, stdio: 'inherit' }).status)
}

function end(program: string, status: number | null): void {
  if (status !== 0) throw new Error(`${program} failed (${status}); what it said is above`)
}
