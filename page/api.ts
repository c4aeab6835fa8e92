import type { Operations } from '../lib/agent/operations/operations.ts'
import { operations, type Texts } from './operations.ts'
import { query } from './text.ts'

// Decision 0071: the page asks by the same table of operations as every other client. An address of its own would be a
// second truth, and the compiler would not notice when the two part.

/** Operations as the page has them: an answer of many values arrives as a whole, since every question is bounded. */
type Asked<F> = F extends (...args: infer A) => AsyncIterable<infer T>
  ? (...args: A) => Promise<readonly T[]>
  : F extends (...args: never) => unknown
    ? F
    : { readonly [K in keyof F]: Asked<F[K]> }

/** How long a question may take, in ms. An action has no limit: a run ends when it ends. */
const PATIENCE = 30_000

/** What the page learns about itself. */
export interface Facts {
  /** The name of the agent. */
  readonly agent: string
  /** Whether this visitor may only look. */
  readonly readOnly: boolean
  /** The time zone of the agent. */
  readonly timezone: string
}

/** The facts of the page that this browser was served. */
export const askFacts = (): Promise<Facts> => ask('GET /page one', []) as Promise<Facts>

/** The operations of the agent behind this page. */
export const api = remote(operations) as unknown as Asked<Operations>

type Remote = { readonly [name: string]: Remote | ((...values: readonly unknown[]) => Promise<unknown>) }

function remote(texts: Texts): Remote {
  return Object.fromEntries(
    Object.entries(texts).map(([name, each]) => [
      name,
      typeof each === 'string' ? (...values: readonly unknown[]) => ask(each, values) : remote(each),
    ]),
  )
}

async function ask(operation: string, values: readonly unknown[]): Promise<unknown> {
  const [method = '', path = '', answers, ...names] = operation.split(' ')
  const question: Record<string, unknown> = {}
  for (const [i, name] of names.entries())
    if (name === '*') Object.assign(question, values[i])
    else question[name] = values[i]
  const text = await (method === 'GET'
    ? send(path + query(question), { signal: AbortSignal.timeout(PATIENCE) })
    : send(path, {
        method,
        // A form of another site can't set the second header.
        headers: { 'content-type': 'application/json', 'x-tidings': '1' },
        body: JSON.stringify(question),
      }))
  if (answers === 'many') return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]))
  return (JSON.parse(text) as unknown) ?? undefined
}

async function send(path: string, request: RequestInit): Promise<string> {
  // The address is relative: the page works below any path.
  const response = await fetch(`api${path}`, request).catch(() => {
    throw new Error('the agent does not answer')
  })
  const text = await response.text()
  if (response.ok) return text
  throw new Error(wordsOf(text) ?? `the answer was ${response.status}`)
}

function wordsOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly error?: { readonly message?: string } }).error?.message
  } catch {
    return undefined
  }
}
