import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Draft } from '../../../lib/index.ts'
import { importCompiled } from '../../support/compiled-program.ts'
import { indexOf, pageOf } from './page.ts'
import { type StreamFacts, streamFacts } from './source.ts'

const root = join(import.meta.dirname, '../../..')

/** What a spec of a stream exports: the drafts of one run against its local service. */
interface Service {
  readonly example?: (t: { after(work: () => unknown): void }) => Promise<readonly Draft[]>
}

/** All pages of docs/streams/, by their paths, and the streams that have no example event. */
export async function streamPages(): Promise<{
  readonly pages: ReadonlyMap<string, string>
  readonly withoutExample: readonly string[]
}> {
  const all = streamFacts()
  const pages = new Map([['docs/streams/README.md', indexOf(all)]])
  const withoutExample: string[] = []
  for (const facts of all) {
    const drafts = await exampleOf(facts)
    if (drafts.length === 0 && facts.events.length > 0) withoutExample.push(facts.name)
    pages.set(`docs/streams/${facts.name}.md`, await pageOf(facts, drafts))
  }
  return { pages, withoutExample }
}

async function exampleOf({ name }: StreamFacts): Promise<readonly Draft[]> {
  const source = join(root, `spec/streams/${name}-service.ts`)
  if (!existsSync(source)) return []
  const { example } = (await importCompiled(source)) as Service
  const ends: (() => unknown)[] = []
  try {
    return (await example?.({ after: (work) => ends.push(work) })) ?? []
  } catch (cause) {
    throw new Error(`the example of spec/streams/${name}-service.ts failed: ${(cause as Error).message}`, { cause })
  } finally {
    for (const end of ends) await end()
  }
}
