import { systemClock } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { asError, hasCode, type TidingsError } from '../../core/errors.ts'
import { type Exec, exec } from '../../core/exec.ts'
import { checkOptions } from '../../core/options.ts'
import { isReadOnce } from '../../core/read-call.ts'
import { processSecrets, type Secrets, secretsOf } from '../../core/secrets.ts'
import { checkWorld, type World } from '../../core/world.ts'
import {
  type Exchange,
  type FixtureFailure,
  type FixtureRequest,
  type FixtureResponse,
  type FixtureResult,
  writeFixture,
} from './fixture.ts'
import { fixtureBody, fixtureText, plainText, SECRET, withoutCredentials } from './fixture-body.ts'
import { fixtureProgram, fixtureRequest, MAX_BODY, readRequest, tooLarge } from './fixture-request.ts'

export interface RecordOptions {
  /** The parts of the world to record; default the real ones. */
  readonly world?: Partial<World>
  /** The source of secrets; default this process's environment and files. */
  readonly secrets?: Secrets
}

/** A world whose exchanges are recorded. */
export interface Recording {
  /** For `tryOut`, `start` or `runOnce`. */
  readonly world: World
  /**
   * Writes a fixture: every exchange that has ended until now, without secrets. An existing file is replaced.
   *
   * @returns the number of exchanges
   * @throws TidingsError `TIDINGS_FIXTURE_INVALID` when a body is larger than 16 MiB
   */
  save(file: string): Promise<number>
}

/** The most answers of `now()` that are kept; in a replay, the last one repeats. */
const MOST_TIMES = 1000

/** The most bytes of bodies that a recording keeps. */
const MOST_BYTES = 8 * MAX_BODY

/** Headers of answers that are, or may be, credentials. */
const CREDENTIAL =
  /^(set-)?cookie2?$|authori[sz]ation$|auth-?token|access-?token|security-?token|[cx]srf|api-?key|secret|password|session/

/** An exchange as it happens: it counts once it has an answer. Secrets are removed at the end, when all are known. */
type Happening = (clean: (text: string) => string) => Promise<Exchange | undefined>

/**
 * Records what runs and handlers ask of the world, and what it answers. `fetch`, `exec` and `now` behave as before.
 *
 * - Secrets are replaced by `[secret]`: those that `secret` has returned, in every spelling that logs are scrubbed of, and
 *   the values of cookies, `Authorization` and their like, of tokens in answers, and of passwords in forms.
 * - Bodies are recorded as far as the caller reads them. An exchange that the caller aborts is left out.
 *
 * @throws TidingsError `TIDINGS_AGENT_INVALID` for an unknown option, or a world with unknown parts
 *
 * @example
 * ```ts
 * import { eventType, job, manual, memoryLog, tryOut } from 'tidings'
 * import { recordWorld } from 'tidings/testing'
 *
 * const spoken = eventType('spoken').of<{ words: string }>()
 * const speak = job('speak', manual(), async ({ exec }) => spoken('1', { words: (await exec('echo', ['hello'])).stdout }))
 * const recording = recordWorld()
 * await tryOut({ log: await memoryLog(), job: speak, world: recording.world })
 * // await recording.save('speak.fixture.json')
 * ```
 */
export function recordWorld(options: RecordOptions = {}): Recording {
  checkOptions(options, { world: true, secrets: true }, 'TIDINGS_AGENT_INVALID', 'of recordWorld()')
  const { world = {}, secrets = processSecrets() } = options
  checkWorld(world, 'TIDINGS_AGENT_INVALID', 'of recordWorld()')
  const now = world.now ?? (() => systemClock.now())
  const known = secretsOf(world, secrets)
  const began = now()
  const asked = new Map<string, string>()
  const times: number[] = []
  const happenings: Happening[] = []
  const space: Space = { left: MOST_BYTES }
  return {
    world: {
      fetch: recordFetch((...request) => (world.fetch ?? globalThis.fetch)(...request), happenings, space),
      exec: recordExec((...program) => (world.exec ?? exec)(...program), happenings),
      now() {
        const time = now()
        if (times.length < MOST_TIMES) times.push(time)
        return time
      },
      secret(name) {
        const value = known.secret(name)
        asked.set(name, value)
        return value
      },
    },
    async save(file) {
      const exchanges: Exchange[] = []
      for (const happening of happenings) exchanges.push(...[(await happening(known.scrub)) ?? []].flat())
      await writeFixture(file, {
        recorded: iso(began),
        times: times.map(iso),
        secrets: Object.fromEntries([...asked].map(([name, value]) => [name, placeholder(name, value)])),
        exchanges,
      })
      return exchanges.length
    },
  }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

/** What stands for a secret in a replay: a URL for a URL, as code that parses one needs it. */
export function placeholder(name: string, value = ''): string {
  return /^https?:\/\//i.test(value) ? `https://placeholder.invalid/${name}` : `placeholder-of-${name}`
}

function recordFetch(inner: World['fetch'], happenings: Happening[], space: Space): World['fetch'] {
  return async (input, init) => {
    let request: Request
    try {
      request = new Request(input, init)
    } catch {
      // The same mistake gives the caller its usual error.
      return inner(input, init)
    }
    const outcome: { answer?: Answer; failure?: FixtureFailure } = {}
    // It is copied on its way.
    const sent = isReadOnce(input, init) ? tapRequest(request, init, space) : undefined
    happenings.push(async (clean) => {
      const { answer, failure } = outcome
      if (answer === undefined && failure === undefined) return undefined
      const bytes =
        sent === undefined ? await readRequest(request) : bytesIn(sent.copied, `the body of ${request.method}`)
      const asked = fixtureRequest(request, bytes, clean)
      if (answer !== undefined) return { request: asked, response: fixtureResponse(asked, answer, clean) }
      return failure && { request: asked, failure: cleanFailure(failure, clean) }
    })
    try {
      const response = await (sent === undefined ? inner(input, init) : inner(sent.request, sent.init))
      outcome.answer = { response, copied: { parts: [] } }
      return tapResponse(outcome.answer, space)
    } catch (error) {
      if (!request.signal.aborted) outcome.failure = failureOf(error)
      throw error
    }
  }
}

/** A response, and as much of its body as the caller has read. */
interface Answer {
  readonly response: Response
  readonly copied: Copied
}

/** The bytes of a body that have passed; `broken` is why no more followed. */
interface Copied {
  readonly parts: Uint8Array[]
  broken?: FixtureFailure
  tooLarge?: true
}

/** The bytes that a recording may still keep. */
interface Space {
  left: number
}

function tapRequest(
  request: Request,
  init: RequestInit | undefined,
  space: Space,
): { readonly request: Request; readonly init: RequestInit | undefined; readonly copied: Copied } {
  const copied: Copied = { parts: [] }
  const { dispatcher } = (init ?? {}) as { readonly dispatcher?: unknown }
  const body: RequestInit = { body: tap(request.body as ReadableStream<Uint8Array>, copied, space), duplex: 'half' }
  return {
    request: new Request(request, body),
    init: dispatcher === undefined ? undefined : ({ dispatcher } as RequestInit),
    copied,
  }
}

// A copy of a response loses its URL.
function tapResponse({ response, copied }: Answer, space: Space): Response {
  if (response.body === null) return response
  const copy = new Response(tap(response.body, copied, space), response)
  for (const name of ['url', 'redirected', 'type'] as const)
    Object.defineProperty(copy, name, { value: response[name] })
  return copy
}

/** The same stream, whose bytes are also kept. It reads no further than its reader. */
function tap(
  stream: ReadableStream<Uint8Array>,
  copied: Copied,
  space: Space,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader()
  let size = 0
  return new ReadableStream(
    {
      async pull(controller) {
        const read = await reader.read().catch((error: unknown) => {
          copied.broken = failureOf(error)
          throw error
        })
        if (read.done) return controller.close()
        const part = new Uint8Array(read.value)
        controller.enqueue(part)
        size += part.byteLength
        space.left -= part.byteLength
        if (size <= MAX_BODY && space.left >= 0) copied.parts.push(part.slice())
        else copied.tooLarge = true
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

function bytesIn({ parts, tooLarge: isTooLarge }: Copied, what: string): Uint8Array {
  if (isTooLarge) throw tooLarge(what)
  return Buffer.concat(parts)
}

function fixtureResponse(
  { method, url }: FixtureRequest,
  { response, copied }: Answer,
  clean: (text: string) => string,
): FixtureResponse {
  const body = fixtureBody(bytesIn(copied, `the answer to ${method} ${url}`), clean)
  return {
    status: response.status,
    ...(response.statusText === '' ? {} : { statusText: response.statusText }),
    ...(response.redirected ? { url: withoutCredentials(clean(response.url)) } : {}),
    headers: [...response.headers].map(([name, value]) => [
      name,
      CREDENTIAL.test(name) ? SECRET : withoutCredentials(clean(value)),
    ]),
    ...(body === undefined ? {} : { body }),
    ...(copied.broken === undefined ? {} : { broken: cleanFailure(copied.broken, clean) }),
  }
}

function failureOf(error: unknown): FixtureFailure {
  const { message, cause } = asError(error)
  if (!(cause instanceof Error)) return { message }
  const { code } = cause as NodeJS.ErrnoException
  return { message, cause: { message: cause.message, ...defined({ code }) } }
}

function cleanFailure({ message, cause }: FixtureFailure, clean: (text: string) => string): FixtureFailure {
  return { message: clean(message), ...(cause && { cause: { ...cause, message: clean(cause.message) } }) }
}

function recordExec(inner: Exec, happenings: Happening[]): Exec {
  return async (file, args, options = {}) => {
    let result: FixtureResult | undefined
    happenings.push(async (clean) => {
      if (result === undefined) return undefined
      const { exit, stdout, stderr, error } = result
      return {
        program: fixtureProgram(file, args, options.cwd, clean),
        result: {
          ...defined({ exit }),
          ...(stdout === undefined ? {} : { stdout: fixtureText(clean(plainText(stdout))) }),
          stderr: fixtureText(clean(plainText(stderr))),
          ...(error === undefined ? {} : { error: clean(error) }),
        },
      }
    })
    try {
      const ended = await inner(file, args, options)
      result = { exit: 0, ...ended }
      return ended
    } catch (error) {
      if (hasCode(error, 'TIDINGS_EXEC_FAILED')) {
        const { exitCode, stderr } = (error as TidingsError).details as { exitCode?: number; stderr?: string }
        result = { ...defined({ exit: exitCode }), stderr: stderr ?? '', error: (error as Error).message }
      }
      throw error
    }
  }
}
