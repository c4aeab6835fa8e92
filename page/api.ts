import { contract, type Declared, isOperation, type Operation } from '../lib/agent/operations/contract.ts'
import type { Operations } from '../lib/agent/operations/operations.ts'
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
export async function askFacts(): Promise<Facts> {
  return JSON.parse(await get('/page', {})) as Facts
}

/** The operations of the agent behind this page. */
export const api = remote(contract) as unknown as Asked<Operations>

type Remote = { readonly [name: string]: Remote | ((...values: readonly unknown[]) => Promise<unknown>) }

function remote(declared: Declared): Remote {
  return Object.fromEntries(
    Object.entries(declared).map(([name, each]) => [
      name,
      isOperation(each) ? (...values: readonly unknown[]) => ask(each, values) : remote(each),
    ]),
  )
}

async function ask({ method, path, answers, args }: Operation, values: readonly unknown[]): Promise<unknown> {
  const question: Record<string, unknown> = {}
  for (const [i, { is, parts }] of args.entries()) {
    if (is === 'object') Object.assign(question, values[i])
    else if (is === 'part') for (const name of Object.keys(parts)) question[name] = values[i]
  }
  const text = await (method === 'GET' ? get(path, question) : post(path, question))
  if (answers === 'many') return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown]))
  const value = JSON.parse(text) as unknown
  return value === null ? undefined : value
}

function get(path: string, question: Readonly<Record<string, unknown>>): Promise<string> {
  return send(`api${path}${query(question)}`, { signal: AbortSignal.timeout(PATIENCE) })
}

function post(path: string, question: unknown): Promise<string> {
  // A form of another site can't set this header.
  const headers = { 'content-type': 'application/json', 'x-tidings': '1' }
  return send(`api${path}`, { method: 'POST', headers, body: JSON.stringify(question) })
}

async function send(address: string, request: RequestInit): Promise<string> {
  const response = await fetch(address, { cache: 'no-store', ...request }).catch((error: unknown) => {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError'
    throw new Error(isLate ? 'no answer within 30 s' : 'the agent does not answer')
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
