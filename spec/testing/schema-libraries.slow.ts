import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { root, run } from './user-project.ts'

/** An event type with a schema of each library, and whether data fits that schema, by the library itself. */
const libraries = {
  zod: `import { z } from 'zod'
const schema = z.object({
  n: z.number().int().min(0).max(9), s: z.string().min(2), e: z.enum(['x', 'y']), o: z.optional(z.string()),
  l: z.array(z.boolean()), d: z.iso.datetime(), u: z.union([z.literal(1), z.null()]), m: z.email(), id: z.uuid(),
})
const fits = (data) => schema.safeParse(data).success`,
  arktype: `import { type } from 'arktype'
const schema = type({
  n: '0 <= number.integer < 10', s: 'string >= 2', e: "'x' | 'y'", 'o?': 'string', l: 'boolean[]', d: 'string.date.iso',
  u: '1 | null', m: 'string.email', id: 'string.uuid', c: 'string.numeric',
})
const fits = (data) => !(schema(data) instanceof type.errors)`,
  valibot: `import * as v from 'valibot'
const schema = v.object({ n: v.pipe(v.number(), v.integer()), d: v.pipe(v.string(), v.isoTimestamp()), o: v.optional(v.string()) })
const fits = (data) => v.is(schema, data)`,
}

async function eventsOf(
  t: TestContext,
  library: string,
  code: string,
): Promise<{ readonly fit: number; readonly of: number }> {
  const directory = temporaryDirectory(t)
  const installed = await run(directory, 'npm', 'install', '--no-save', '--no-package-lock', library, 'fast-check')
  assert.equal(installed.code, 0, installed.output)
  symlinkSync(root, join(directory, 'node_modules/tidings'), 'dir')
  writeFileSync(
    join(directory, 'events.mjs'),
    `${code}
import { eventType } from 'tidings'
import { arbEvent, fc } from 'tidings/testing'
const events = fc.sample(arbEvent(eventType('thing', schema)), { numRuns: 200, seed: 3 })
console.log(JSON.stringify({ fit: events.filter(({ data }) => fits(data)).length, of: events.length }))
`,
  )
  const { code: exit, output } = await run(directory, process.execPath, 'events.mjs')
  assert.equal(exit, 0, output)
  return JSON.parse(output) as { readonly fit: number; readonly of: number }
}

describe('arbEvent makes data from schemas', () => {
  for (const [library, code] of Object.entries(libraries)) {
    it(`of ${library}, in its newest version`, async (t) => {
      assert.deepEqual(await eventsOf(t, library, code), { fit: 200, of: 200 })
    })
  }
})
