import type { Draft } from '../../lib/index.ts'
import { http } from '../../streams/http.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { draftsOf } from '../support/watch-stream.ts'

/** An item as the service sends it. */
export interface Item {
  readonly id: number
  readonly title: string
}

/** Answers with the items, newest first, in pages that name the next in the answer and in the Link header. */
export function serve(items: readonly Item[], size = 3): (asked: Asked) => Told {
  return ({ path, query }) => {
    const page = Number(query.get('page') ?? 1)
    const more = items.length > page * size
    const next = `${path}?page=${page + 1}`
    return {
      headers: more ? { link: `</?page=1>; rel="first prev", <${next}>; title="a, b"; rel="next"` } : {},
      body: { data: { items: items.slice((page - 1) * size, page * size) }, next: more ? next : null },
    }
  }
}

/** The drafts of one run of the stream. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const service = await localService(t, serve([{ id: 17, title: 'Gardener' }]))
  return draftsOf(http({ url: `${service.url}/vacancies`, items: 'data.items', identifier: 'id' }))
}
