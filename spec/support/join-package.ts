import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)

/**
 * Joins the CommonJS modules of a package into one file: Node then finds, reads and searches one file instead of some
 * hundred. Each function still says the file that it comes from, and a later `require` in the process gets the same
 * modules.
 *
 * @param names the package and its subpaths
 * @returns the URL of the ES module that exports the same, by name
 */
export function joinPackage(names: readonly string[], folder: string): ReadonlyMap<string, string> {
  const sources: Record<string, string> = {}
  const add = (path: string): void => {
    if (path in sources) return
    const needed = (id: string): string => require.resolve(join(dirname(path), id))
    const code = readFileSync(path, 'utf8')
    const found = [...code.matchAll(/require\("(\.[^"]*)"\)/g)].map(([, id = '']) => needed(id))
    sources[path] = code.replace(/require\("(\.[^"]*)"\)/g, (_, id: string) => `require(${JSON.stringify(needed(id))})`)
    for (const each of found) add(each)
  }
  for (const name of names) add(require.resolve(name))
  const write = (name: string, code: string): string => {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, code)
    return pathToFileURL(file).href
  }
  const all = write('all.js', `const sources = ${JSON.stringify(sources)}\n${loader}`)
  return new Map(
    names.map((name) => {
      const exported = Object.keys(require(name) as object).join(', ')
      const load = `load(${JSON.stringify(require.resolve(name))})`
      return [
        name,
        write(`${name}.js`, `import { load } from ${JSON.stringify(all)}\nexport const { ${exported} } = ${load}\n`),
      ]
    }),
  )
}

/**
 * Requires a package that is one CommonJS file. An import would first search its text for the names that it exports: in
 * the compiler, that takes half a second.
 *
 * @returns the URL of the ES module that has the same default export
 */
export function requirePackage(name: string, folder: string): string {
  const lines = [
    "import { createRequire } from 'node:module'",
    `const all = createRequire(import.meta.url)(${JSON.stringify(require.resolve(name))})`,
    'export default all.default ?? all',
  ]
  const file = join(folder, `${name}.js`)
  writeFileSync(file, lines.join('\n'))
  return pathToFileURL(file).href
}

const loader = `
import Module, { createRequire } from 'node:module'
import { compileFunction } from 'node:vm'

const require = createRequire(import.meta.url)

export function load(path) {
  const known = require.cache[path]
  if (known !== undefined) return known.exports
  if (!(path in sources)) return require(path)
  const module = new Module(path)
  module.filename = path
  require.cache[path] = module
  compileFunction(sources[path], ['exports', 'require', 'module'], { filename: path })(module.exports, load, module)
  module.loaded = true
  return module.exports
}
`
