import type { Draft } from '../../lib/index.ts'
import { web } from '../../streams/web.ts'
import { localService, type Told } from '../support/local-service.ts'
import { draftsOf } from '../support/watch-stream.ts'

/** Answers with a page that lists talks, each with a link, newest first. */
export function serve(talks: readonly string[]): () => Told {
  const items = talks.map(
    (talk) => `<li class="talk">\n  <a href="/talks/${encodeURIComponent(talk)}"><b>T</b>alk</a></li>`,
  )
  const body = `<!doctype html><title>Talks</title><main><p class="count">${talks.length} talks</p><ul>${items.join('')}</ul></main>`
  return () => ({ headers: { 'content-type': 'text/html; charset=utf-8' }, body })
}

/** The drafts of one run of two streams over the page. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const { url } = await localService(t, serve(['types']))
  const list = await draftsOf(web({ url: `${url}/`, select: '.talk', kind: 'list' }))
  return [...(await draftsOf(web({ url: `${url}/`, select: '.count', kind: 'number' }))), ...list]
}
