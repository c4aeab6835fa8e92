// Run by `npm version`, after it has raised the version in package.json and package-lock.json: brings create-tidings and
// CHANGELOG.md in step. Decision 0064.
import { readFileSync, writeFileSync } from 'node:fs'

const read = (path) => readFileSync(path, 'utf8')
const { version } = JSON.parse(read('package.json'))

const path = 'create-tidings/package.json'
const manifest = JSON.parse(read(path))
const raised = { ...manifest, version, dependencies: { ...manifest.dependencies, tidings: version } }
writeFileSync(path, `${JSON.stringify(raised, null, 2)}\n`)

const changes = read('CHANGELOG.md')
const [, unreleased = ''] = /^## \[Unreleased\]\n(.*?)(?=^## |$(?![\s\S]))/ms.exec(changes) ?? []
if (unreleased.trim() === '') throw new Error('CHANGELOG.md has nothing under [Unreleased]')
const today = new Date().toISOString().slice(0, 10)
writeFileSync('CHANGELOG.md', changes.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [${version}] - ${today}\n`))
