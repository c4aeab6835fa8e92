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

/** The table of operations as data, without those that the page does not ask. */
const table = {
  name: 'table of operations',
  setup: ({ onLoad }) =>
    onLoad({ filter: /page\/operations\.ts$/ }, async ({ path }) => {
      const options = { entryPoints: [path], bundle: true, format: 'esm', write: false }
      const [{ text }] = (await build(options)).outputFiles
      const { operations } = await import(`data:text/javascript,${encodeURIComponent(text)}`)
      const kept = Object.entries(operations).flatMap(([group, each]) => {
        if (typeof each === 'string') return isUsed(group) ? [[group, each]] : []
        const asked = Object.entries(each).filter(([name]) => isUsed(group, name))
        return asked.length === 0 ? [] : [[group, Object.fromEntries(asked)]]
      })
      return { contents: `export const operations = ${JSON.stringify(Object.fromEntries(kept))}`, loader: 'js' }
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
