// Run by `npm run build`: bundles page/ into dist/page, as few bytes as a browser needs. Decision 0071.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const sources = readdirSync('page', { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => readFileSync(join('page', path), 'utf8'))

/** The operations that the page asks: `api.jobs.run`, or all of a group for `api.jobs[how]`. */
const used = sources.flatMap((text) => [...text.matchAll(/\bapi\.(\w+)(?:\.(\w+))?/g)])
const isUsed = (group, name) => used.some(([, one, two]) => one === group && (two === undefined || two === name))

/** What a client needs to know of an operation: it leaves kinds, and the parts of objects, to the agent. */
const asked = ({ method, path, answers, args }) => ({
  method,
  path,
  answers,
  args: args.map(({ is, parts }) => ({ is, parts: is === 'part' ? parts : {} })),
})

/** The table of operations as data, without those that the page does not ask. */
const table = {
  name: 'table of operations',
  setup: ({ onLoad }) =>
    onLoad({ filter: /operations\/contract\.ts$/ }, async ({ path }) => {
      const options = { entryPoints: [path], bundle: true, format: 'esm', write: false }
      const [{ text }] = (await build(options)).outputFiles
      const { contract } = await import(`data:text/javascript,${encodeURIComponent(text)}`)
      const kept = Object.entries(contract).flatMap(([group, each]) => {
        if (each.method !== undefined) return isUsed(group) ? [[group, asked(each)]] : []
        const operations = Object.entries(each)
          .filter(([name]) => isUsed(group, name))
          .map(([name, operation]) => [name, asked(operation)])
        return operations.length === 0 ? [] : [[group, Object.fromEntries(operations)]]
      })
      const contents = `export const contract = ${JSON.stringify(Object.fromEntries(kept))}
export const isOperation = ({ method }) => typeof method === 'string'`
      return { contents, loader: 'js' }
    }),
}

await build({
  entryPoints: ['page/page.ts', 'page/page.css', 'page/index.html'],
  outdir: 'dist/page',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  loader: { '.html': 'copy' },
  // The older form of JSX is shorter.
  tsconfigRaw: { compilerOptions: { jsx: 'react', verbatimModuleSyntax: true } },
  jsxFactory: 'h',
  jsxFragment: 'Fragment',
  inject: ['page/jsx.ts'],
  plugins: [table],
  logLevel: 'warning',
})
