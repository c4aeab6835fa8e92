import { TidingsError } from '../../lib/index.ts'
import { describe, didYouMean, quote } from '../../lib/streams.ts'

/** Items per page of most lists: the most that Todoist gives. */
const PAGE = 200

/** Pages of one list: a cursor that never ends is an error. */
const MOST_PAGES = 500

/** Asks for a path below `/api/v1/` and resolves to the body of the answer. */
export type Get = (path: string, query: Readonly<Record<string, string | number>>) => Promise<unknown>

/** Anything with members that nothing has checked yet. */
export type Fields = Readonly<Record<string, unknown>>

/** Reads a list that Todoist gives in pages, each with the cursor of the next. */
export async function* listOf(
  get: Get,
  path: string,
  items: 'results' | 'items',
  query: Readonly<Record<string, string | number>> = {},
  page = PAGE,
): AsyncGenerator {
  let cursor: string | undefined
  for (let read = 0; read < MOST_PAGES; read++) {
    const answer = await get(path, { ...query, limit: page, ...(cursor === undefined ? {} : { cursor }) })
    const found = fieldsOf(answer)?.[items]
    if (!Array.isArray(found)) throw invalid(path, `an array in ${quote(items)}, got ${describe(found ?? answer)}`)
    yield* found
    const next = fieldsOf(answer)?.['next_cursor'] ?? undefined
    if (next === undefined || next === '') return
    if (typeof next !== 'string') throw invalid(path, `text in "next_cursor", got ${describe(next)}`)
    if (next === cursor) throw invalid(path, 'another cursor than before')
    cursor = next
  }
  throw invalid(path, `at most ${MOST_PAGES} pages`)
}

/** A project, or the reason why it was not found. */
export type Found = { readonly id: string } | { readonly reason: string }

/** Finds a project by its id or its name. A text that has the shape of an id is one; other texts are looked up. */
export async function findProject(get: Get, project: string): Promise<Found> {
  if (/^\d+$|^(?=.*\d)[A-Za-z\d]{16}$/.test(project)) return { id: project }
  const named: string[] = []
  const names: string[] = []
  try {
    for await (const one of listOf(get, 'projects', 'results')) {
      const { id, name } = fieldsOf(one) ?? {}
      if (typeof id !== 'string' || typeof name !== 'string') continue
      if (id === project) return { id }
      if (name === project) named.push(id)
      names.push(name)
    }
  } catch (error) {
    // A service without a list of projects, such as a proxy for one, knows ids alone.
    if (statusOf(error) === 404) return { id: project }
    throw error
  }
  const [id, ...others] = named
  if (id === undefined) return { reason: `has no project ${quote(project)}${didYouMean(project, names)}` }
  if (others.length === 0) return { id }
  return { reason: `has ${named.length} projects ${quote(project)}; name one by its id: ${named.join(', ')}` }
}

/** The status of the answer that caused an error, which may be wrapped in a `Park`. */
export function statusOf(error: unknown): number | undefined {
  const { cause } = error as { readonly cause?: unknown }
  return [error, cause]
    .map((one) => (one instanceof TidingsError ? one.details['status'] : undefined))
    .find((status) => typeof status === 'number')
}

/** The members of an object; undefined for anything else. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

/** Reads how many seconds Todoist asks to wait: a 429 says it in its body. */
export function retryAfter(body: string): number | undefined {
  const seconds = fieldsOf(fieldsOf(parseJson(body))?.['error_extra'])?.['retry_after']
  return typeof seconds === 'number' && seconds >= 0 ? seconds : undefined
}

/** Reads JSON; undefined if the text is something else. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function invalid(path: string, expected: string): TidingsError {
  const words = `stream todoist: GET /api/v1/${path}: expected ${expected}`
  return new TidingsError('TIDINGS_RESPONSE_INVALID', words, { details: { path } })
}
