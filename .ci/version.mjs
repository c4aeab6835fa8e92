// Run by `npm run release`, after `changeset version` has raised the version in package.json: brings package-lock.json,
// create-tidings and CHANGELOG.md in step. Checks first, so that a refused release changes nothing more. Decision 0076.
import { readFileSync, writeFileSync } from 'node:fs'

const read = (path) => readFileSync(path, 'utf8')
const readJson = (path) => JSON.parse(read(path))
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)

const { version } = readJson('package.json')
const changes = read('CHANGELOG.md')
const [, unreleased = ''] = /^## \[Unreleased\]\n(.*?)(?=^## |$(?![\s\S]))/ms.exec(changes) ?? []
if (unreleased.trim() === '') throw new Error('CHANGELOG.md has nothing under [Unreleased]')
if (changes.includes(`## [${version}]`)) {
  throw new Error(`CHANGELOG.md has ${version} already: no changeset raises the version; npx changeset writes one`)
}

const lock = readJson('package-lock.json')
writeJson('package-lock.json', {
  ...lock,
  version,
  packages: { ...lock.packages, '': { ...lock.packages[''], version } },
})
const create = readJson('create-tidings/package.json')
writeJson('create-tidings/package.json', {
  ...create,
  version,
  dependencies: { ...create.dependencies, tidings: version },
})
const today = new Date().toISOString().slice(0, 10)
writeFileSync('CHANGELOG.md', changes.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [${version}] - ${today}\n`))
