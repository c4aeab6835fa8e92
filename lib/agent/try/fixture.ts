import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { describe, quote, TidingsError } from '../../core/errors.ts'

/*
 * A fixture is one JSON file with the exchanges of a run: what was asked of the network and of programs, and what they
 * answered. It is made to be read, compared and edited by people, and to be kept in a repository: it holds no secrets. Decision 0052.
 */

/** The version of the format that this code writes, and the newest that it reads. */
const VERSION = 1

/** Text, or its lines: an array of lines is easier to read and compare. */
export type FixtureText = string | readonly string[]

/** A body: JSON whose text is exactly what `JSON.stringify` makes of it, other text, or bytes. */
export type FixtureBody = { readonly json: unknown } | { readonly text: FixtureText } | { readonly base64: string }

/** A request, reduced to what its answer depends on. */
export interface FixtureRequest {
  readonly method: string
  readonly url: string
  /** Only headers that select an answer, such as `accept` and `if-none-match`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: FixtureBody
}

/** An answer, as the caller saw it: after redirects that `fetch` has followed, and decompressed. */
export interface FixtureResponse {
  readonly status: number
  readonly statusText?: string
  /** The URL after redirects, if there were any. */
  readonly url?: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body?: FixtureBody
  /** Why the body ended too early. */
  readonly broken?: FixtureFailure
}

/** Why there is no answer, or only a part of it. */
export interface FixtureFailure {
  readonly message: string
  /** The message of the error's cause, and its code: `ECONNREFUSED`. */
  readonly cause?: { readonly message: string; readonly code?: string }
}

/** A program that was started. */
export interface FixtureProgram {
  readonly file: string
  readonly args: readonly string[]
  /** The working directory, relative to that of the process; absent: the same. */
  readonly cwd?: string
}

/** How a program ended; `error` is the message of its failure. */
export interface FixtureResult {
  readonly exit?: number
  readonly stdout?: FixtureText
  readonly stderr: FixtureText
  readonly error?: string
}

/** A request and its answer, or a program and its end. */
export type Exchange =
  | { readonly request: FixtureRequest; readonly response: FixtureResponse }
  | { readonly request: FixtureRequest; readonly failure: FixtureFailure }
  | { readonly program: FixtureProgram; readonly result: FixtureResult }

/** The recorded exchanges of a run. */
export interface Fixture {
  readonly tidings: 'fixture'
  readonly version: number
  /** When the recording began. */
  readonly recorded: string
  /** What `now()` returned, in order. */
  readonly times: readonly string[]
  /** The secrets that the run has asked for, by name, with what stands for them in a replay. */
  readonly secrets: Readonly<Record<string, string>>
  readonly exchanges: readonly Exchange[]
}

/** The parts of a fixture that a recording gathers. */
export type FixtureParts = Omit<Fixture, 'tidings' | 'version'>

/** Writes a fixture to a temporary name, then renames it: half a fixture never stands under the name of a whole one. */
export async function writeFixture(file: string, parts: FixtureParts): Promise<void> {
  const fixture: Fixture = { tidings: 'fixture', version: VERSION, ...parts }
  // A link keeps pointing to the file.
  const path = await realpath(file).catch(() => file)
  const part = `${path}.${process.pid}.part`
  try {
    await writeFile(part, `${JSON.stringify(fixture, null, 2)}\n`, { flag: 'wx' })
    await rename(part, path)
  } finally {
    await rm(part, { force: true })
  }
}

/**
 * Reads a fixture.
 *
 * @throws TidingsError `TIDINGS_FIXTURE_INVALID` when the file can't be read or is not a fixture
 */
export async function readFixture(file: string): Promise<Fixture> {
  const invalid = (why: string, cause?: unknown): TidingsError =>
    new TidingsError('TIDINGS_FIXTURE_INVALID', `the fixture ${file} ${why}`, { cause, details: { file } })
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    const { syscall, message } = error as NodeJS.ErrnoException
    throw invalid(syscall === undefined ? 'is not JSON' : `can't be read: ${message}`, error)
  }
  const { tidings, version, exchanges = [] } = Object(value) as Partial<Fixture>
  if (tidings !== 'fixture' || !Number.isSafeInteger(version)) throw invalid('is not a fixture of tidings')
  if ((version as number) > VERSION)
    throw invalid(`has version ${version}; this version of tidings reads up to ${VERSION}`)
  const problem = findProblem(value as Fixture)
  if (problem !== undefined) throw invalid(problem)
  return { ...(value as Fixture), exchanges }
}

// People edit fixtures: the message names the place.
function findProblem({ recorded, times, secrets, exchanges }: Fixture): string | undefined {
  if (Number.isNaN(Date.parse(recorded))) return `has no time in "recorded", got ${describe(recorded)}`
  if (!Array.isArray(times)) return `has no array in "times", got ${describe(times)}`
  const wrong = times.findIndex((time) => Number.isNaN(Date.parse(time as string)))
  if (wrong >= 0) return `has no time in "times[${wrong}]", got ${describe(times[wrong])}`
  if (typeof secrets !== 'object' || secrets === null) return `has no object in "secrets", got ${describe(secrets)}`
  const name = Object.keys(secrets).find((each) => typeof secrets[each] !== 'string')
  if (name !== undefined) return `has no text in "secrets.${name}", got ${describe(secrets[name])}`
  if (!Array.isArray(exchanges)) return `has no array in "exchanges", got ${describe(exchanges)}`
  for (const [i, exchange] of exchanges.entries()) {
    const problem = problemOf(Object(exchange) as object)
    if (problem !== undefined) return `is wrong in "exchanges[${i}]": ${problem}`
  }
  return undefined
}

/** A check of one member, by its path. */
type Check = readonly [path: string, expected: string, fits: (value: unknown) => boolean]

const isText = (value: unknown): boolean => typeof value === 'string'
const isLines = (value: unknown): boolean => isText(value) || (Array.isArray(value) && value.every(isText))
const isBody = (value: unknown): boolean => {
  if (value === undefined) return true
  const { text, base64 } = Object(value) as { readonly text?: unknown; readonly base64?: unknown }
  return Object.hasOwn(Object(value) as object, 'json') || isLines(text) || isText(base64)
}
const isHeaders = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => Array.isArray(one) && one.length === 2 && one.every(isText))
const isStatus = (value: unknown): boolean =>
  Number.isSafeInteger(value) && Number(value) >= 200 && Number(value) <= 599

const BODY = 'a body: { json }, { text } or { base64 }'

const requestChecks: readonly Check[] = [
  ['request.method', 'text', isText],
  ['request.url', 'text', isText],
  ['request.body', BODY, isBody],
]
const responseChecks: readonly Check[] = [
  ['response.status', 'a status from 200 to 599', isStatus],
  ['response.headers', 'an array of [name, value]', isHeaders],
  ['response.body', BODY, isBody],
]
const programChecks: readonly Check[] = [
  ['program.file', 'text', isText],
  ['program.args', 'an array of texts', (value) => Array.isArray(value) && value.every(isText)],
  ['result.stdout', 'text or lines', (value) => value === undefined || isLines(value)],
  ['result.stderr', 'text or lines', isLines],
]

function problemOf(exchange: object): string | undefined {
  const checks = [
    ...('program' in exchange ? programChecks : requestChecks),
    ...('response' in exchange ? responseChecks : []),
    ...('failure' in exchange ? [['failure.message', 'text', isText] as const] : []),
  ]
  if (!['result', 'response', 'failure'].some((name) => name in exchange)) return 'it has no answer'
  for (const [path, expected, fits] of checks) {
    const value = path.split('.').reduce<unknown>((at, name) => (Object(at) as Record<string, unknown>)[name], exchange)
    if (!fits(value)) return `${quote(path)} must be ${expected}, got ${describe(value)}`
  }
  return undefined
}
