// Run by `npm run build`, after tsc: joins the modules of dist/lib into few files, so that a program reads 10 of them
// before it starts, not 250. Decision 0072.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { build } from 'esbuild'

const modules = (folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .map((path) => join(folder, path))

/** The modules that a file imports by a relative path. */
const importedBy = (file) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'(\.[^']+)'/g)].map(([, path]) =>
    join(dirname(file), path),
  )

const isLib = (path) => path.startsWith(join('dist', 'lib/'))
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const shipped = Object.values(exports).flatMap((entry) => (entry?.default ? [join(entry.default)] : []))
const imported = ['dist/bin', 'dist/streams'].flatMap(modules).flatMap(importedBy)

const { outputFiles } = await build({
  // What is imported from outside of lib keeps its path.
  entryPoints: [...new Set([...shipped, ...imported])].filter(isLib),
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  outbase: 'dist',
  outdir: 'dist',
  chunkNames: 'lib/shared/[hash]',
  write: false,
})
for (const path of modules('dist/lib')) rmSync(path)

// Of rxjs, the engine needs a third. One CommonJS module requires it: as many imports would take longer than all of rxjs.
// They are the modules that 'rxjs' exports from, so the objects are the same. Decision 0085.
const RXJS = resolve('dist/lib/shared/rxjs.cjs')
const ofRxjs = new Set()
for (const { path, text } of outputFiles) {
  const code = text.replaceAll(/import \{([^}]+)\} from "rxjs"/g, (_, names) => {
    for (const name of names.split(',')) ofRxjs.add(name.trim().replace(/ as .*/, ''))
    return `import {${names}} from "./${relative(dirname(path), RXJS)}"`
  })
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, code)
}

const index = readFileSync(createRequire(import.meta.url).resolve('rxjs'), 'utf8')
const places = Object.fromEntries(
  [...index.matchAll(/var (\w+) = require\("\.(.*?)"\)/g)].map(([, module, path]) => [module, path]),
)
const required = [...index.matchAll(/defineProperty\(exports, "(\w+)",.* return (\w+)\.(\w+);/g)]
  .filter(([, name]) => ofRxjs.has(name))
  .map(([, name, module, own]) => `exports.${name} = require('rxjs${places[module]}').${own}\n`)
writeFileSync(RXJS, required.join(''))
