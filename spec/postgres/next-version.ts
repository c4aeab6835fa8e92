import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type * as Tidings from '../../lib/index.ts'
import type { openPostgres } from '../../lib/postgres/open-postgres.ts'
import { root } from '../e2e/program.ts'

/** A later version of this package, as far as programs and logs in PostgreSQL see it. */
export type NextVersion = typeof Tidings & { readonly openPostgres: typeof openPostgres }

let made = 0

/**
 * Builds a later version from this one: all functions of its logs have another version in their names, and it brings two
 * steps. The first makes these functions and replaces those without a version; the second adds a column.
 */
export async function nextVersion(t: TestContext): Promise<NextVersion> {
  made += 1
  const file = join(root, '.cache', `next-${process.pid}-${made}.mjs`)
  mkdirSync(join(root, '.cache'), { recursive: true })
  t.after(() => rmSync(file, { force: true }))
  await build({
    stdin: {
      contents: `export * from './lib/index.ts'\nexport { openPostgres } from './lib/postgres/open-postgres.ts'`,
      resolveDir: root,
      loader: 'ts',
    },
    outfile: file,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
    plugins: [later],
  })
  return (await import(pathToFileURL(file).href)) as NextVersion
}

const later: Plugin = {
  name: 'a later version',
  setup({ onLoad }) {
    onLoad({ filter: /lib.postgres.*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8').replaceAll(/\b([a-z_]+)_(\d)\b/g, '$1_9$2')
      return { contents: path.endsWith('make-log.ts') ? withSteps(text) : text, loader: 'ts' }
    })
  },
}

const LOOP = 'of steps(schema)) if'

function withSteps(text: string): string {
  assert.ok(text.includes(LOOP), 'the loop over the steps')
  const functions = `[...base(schema, 'type').values(), ...steps(schema).values()]
    .flatMap((each) => each.match(/CREATE (OR REPLACE )?FUNCTION [^]*?AS \\$\\$[^]*?\\$\\$;/g) ?? [])
    .map((each) => each.replace(/CREATE (OR REPLACE )?FUNCTION/, 'CREATE OR REPLACE FUNCTION')).join('\\n')`
  const later = `['later functions', ${functions}], ['later column', 'ALTER TABLE event ADD COLUMN later text']`
  return text.replace(LOOP, `of [...steps(schema), ${later}]) if`)
}
