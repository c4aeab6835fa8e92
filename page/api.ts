import { contract, type Declared, isOperation, type Operation } from '../lib/agent/operations/contract.ts'
import type { Operations } from '../lib/agent/operations/operations.ts'

// Decision 0071: the page asks by the same table of operations as every other client. An address of its own would be a
// second truth, and the compiler would not notice when the two part.

/** Operations as the page has them: an answer of many values arrives as a whole, since every question is bounded. */
type Asked<F> = F extends (...args: infer A) => AsyncIterable<infer T>
  ? (...args: A) => Promise<readonly T[]>
  : F extends (...args: never) => unknown
    ? F
    : { readonly [K in keyof F]: Asked<F[K]> }

/** An operation that the agent has refused, or could not be asked for. */
class Refusal extends Error {
  /** The status of the answer; 0 without one. */
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** How long a question may take, in ms. An action has no limit: a run ends when it ends. */
const PATIENCE = 30_000

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

/** The relative address of an operation: the page works below any path. */
function addressOf(path: string, question: Readonly<Record<string, unknown>> = {}): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(question))
    for (const each of Array.isArray(value) ? value : [value]) if (each !== undefined) query.append(name, String(each))
  return `api${path}${query.size === 0 ? '' : `?${query}`}`
}

function get(path: string, question: Readonly<Record<string, unknown>>): Promise<string> {
  return send(addressOf(path, question), { signal: AbortSignal.timeout(PATIENCE) })
}

function post(path: string, question: unknown): Promise<string> {
  // A form of another site can't set this header.
  const headers = { 'content-type': 'application/json', 'x-tidings': '1' }
  return send(addressOf(path), { method: 'POST', headers, body: JSON.stringify(question) })
}

async function send(address: string, request: RequestInit): Promise<string> {
  const response = await fetch(address, { cache: 'no-store', ...request }).catch((error: unknown) => {
    throw new Refusal(isTimeout(error) ? 'no answer within 30 s' : 'the agent does not answer', 0)
  })
  const text = await response.text()
  if (response.ok) return text
  throw new Refusal(wordsOf(text) ?? `the answer was ${response.status} ${response.statusText}`, response.status)
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError'
}

function wordsOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { readonly error?: { readonly message?: string } }).error?.message
  } catch {
    return undefined
  }
}
