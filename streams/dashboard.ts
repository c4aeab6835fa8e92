import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Delivery, Park } from '../lib/index.ts'
import { describe } from '../lib/streams.ts'
import { checkFunction, optional, optionsOf, settingsOf, text } from './shared/options.ts'
import { replaceFile } from './shared/replace-file.ts'
import { isMissing, type SharedFile, withSharedFile } from './shared/shared-file.ts'

/** The options of `dashboard.writeJson`. */
export interface WriteJsonOptions {
  /** The member of the document that the value becomes; default: the value's own members become the document's. */
  readonly key?: string
}

const WHO = 'dashboard.writeJson'

const fields = optionsOf<WriteJsonOptions & { readonly path: string }>()({ path: text(), key: optional(text()) })

/**
 * Writes what an event says into a JSON document, for a page or a script that shows it.
 *
 * - **Parts**: with `key`, the value becomes that member of the document; without it, each member of the value becomes one
 *   of the document. Others stay as they are, so several listeners, agents and programs of this machine may each write
 *   their part. An undefined member is removed.
 * - **Atomic**: the file is replaced at once, so a reader never sees half a document, whatever dies. A missing folder is
 *   made. Which event wrote which part is in the folder `.NAME.tidings` beside it.
 * - **The newest event wins**: one that is delivered again after a newer one wrote the part changes nothing.
 * - **Errors**: a full disk or a busy file is a failure like any other (`TIDINGS_FILE_FAILED`), so the listener tries
 *   again. The event is parked if this user may not write there, the path is a directory, the value is not JSON, or the
 *   file holds something other than a JSON object: it is not overwritten.
 * - **Limits**: the document is read and written whole for each event, which suits some hundred kilobytes.
 *
 * The handler resolves to false if nothing changed.
 *
 * @param path the file; relative to the working directory
 * @param value makes the value of an event: JSON, an object unless there is a `key`
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`
 */
function writeJson<E>(
  path: string,
  value: (event: E, delivery: Delivery) => unknown,
  options: WriteJsonOptions = {},
): (event: E, delivery: Delivery) => Promise<boolean> {
  const { key } = settingsOf(WHO, fields, { ...options, path })
  checkFunction(WHO, value)
  return async (event, delivery) => {
    const parts = partsOf(await value(event, delivery), key)
    return withSharedFile(delivery, WHO, path, (file) => write(file, path, parts, delivery.event))
  }
}

/**
 * Handlers that write documents for a dashboard.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { dashboard } from 'tidings/streams/dashboard'
 * import { git } from 'tidings/streams/git'
 *
 * export default agent('home', [
 *   git({ path: '.' }),
 *   listener('commit', on(git.commit), dashboard.writeJson('dashboard.json', ({ data }) => data, { key: 'commit' })),
 *   listener('tag', on(git.tag), dashboard.writeJson('dashboard.json', ({ data }) => ({ release: data.name }))),
 * ])
 * ```
 */
export const dashboard = { writeJson }

/** Members of the document; undefined: to be removed. */
type Parts = ReadonlyMap<string, unknown>

/** The event that wrote a part. */
interface Writer {
  readonly seq: number
  readonly created: number
}

function partsOf(value: unknown, key: string | undefined): Parts {
  const plain = jsonOf(value)
  if (key !== undefined) return new Map([[key, plain]])
  if (!isObject(plain)) throw new Park(`${WHO}: expected an object, got ${describe(value)}; or name a key`)
  const removed = Object.keys(value as object).map((name) => [name, undefined] as const)
  return new Map([...removed, ...Object.entries(plain)])
}

function jsonOf(value: unknown): unknown {
  try {
    const json = JSON.stringify(value) as string | undefined
    return json === undefined ? undefined : JSON.parse(json)
  } catch (cause) {
    throw new Park(`${WHO}: the value is not JSON: ${(cause as Error).message}`, { cause })
  }
}

async function write(file: SharedFile, path: string, parts: Parts, writer: Writer): Promise<boolean> {
  const before = await readText(file.path)
  const document = documentOf(before, path)
  const writersPath = join(file.folder, 'writers')
  const writers = new Map(Object.entries(parse((await readText(writersPath)) ?? '') ?? {}))
  for (const [name, part] of parts) {
    if (isOlder(writer, writers.get(name))) continue
    if (part === undefined) document.delete(name)
    else document.set(name, part)
    writers.set(name, { seq: writer.seq, created: writer.created })
  }
  const after = `${JSON.stringify(Object.fromEntries(document), undefined, 2)}\n`
  if (after !== before) await replaceFile(file, after)
  // After the document: if the process dies in between, this event is delivered again.
  await writeFile(writersPath, JSON.stringify(Object.fromEntries(writers)))
  return after !== before
}

/** Another log counts from 1, but later; a clock that was set back stands still for no event. */
function isOlder({ seq, created }: Writer, than: unknown): boolean {
  if (!isObject(than)) return false
  return seq < Number(than['seq']) && created <= Number(than['created'])
}

function documentOf(contents: string | undefined, path: string): Map<string, unknown> {
  if (contents === undefined || contents.trim() === '') return new Map()
  const document = parse(contents)
  if (document !== undefined) return new Map(Object.entries(document))
  throw new Park(`${WHO}: ${path} holds something other than a JSON object, and is not overwritten: move it away`)
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function parse(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
