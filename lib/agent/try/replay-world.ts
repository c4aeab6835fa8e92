import { defined } from '../../core/defined.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import type { Exec } from '../../core/exec.ts'
import { Scrubber } from '../../core/scrubber.ts'
import type { World } from '../../core/world.ts'
import {
  type Exchange,
  type FixtureFailure,
  type FixtureProgram,
  type FixtureRequest,
  type FixtureResponse,
  readFixture,
} from './fixture.ts'
import { bytesOf, plainText } from './fixture-body.ts'
import { fixtureProgram, fixtureRequest, keysOf, readRequest } from './fixture-request.ts'
import { placeholder } from './record-world.ts'

/** A replay of a fixture. */
export interface Replay {
  /** For `tryOut`, `start` or `runOnce`. */
  readonly world: World
  /** What was asked and had no answer; code may catch the errors. */
  readonly missing: readonly TidingsError[]
}

/**
 * Returns a world that answers from a fixture, and never reaches a network or starts a program.
 *
 * - The same request gets the same answer: same method, URL, body and selecting headers (such as `accept` and
 *   `if-none-match`). A repeated one gets the recorded answers in order, and the last one from then on. UUIDs may differ,
 *   since most are made for one request.
 * - `now()` returns the recorded times in order, then the last one.
 * - Secrets need not exist: a placeholder stands for each.
 *
 * @throws TidingsError `TIDINGS_FIXTURE_INVALID` when the file can't be read or is not a fixture. The world's `fetch` and
 *   `exec` reject with `TIDINGS_FIXTURE_MISSING` when the fixture has no answer; the message names the nearest request
 *
 * @example
 * ```ts no-run
 * import { eventType, job, manual, memoryLog, tryOut } from 'tidings'
 * import { replayWorld } from 'tidings/testing'
 *
 * const spoken = eventType('spoken').of<{ words: string }>()
 * const speak = job('speak', manual(), async ({ exec }) => spoken('1', { words: (await exec('echo', ['hello'])).stdout }))
 * const world = await replayWorld('speak.fixture.json')
 * const { published } = await tryOut({ log: await memoryLog(), job: speak, world })
 * ```
 */
export async function replayWorld(file: string): Promise<World> {
  const { world } = await replay(file)
  return world
}

/** As `replayWorld`, with a list of what was missing. */
export async function replay(file: string): Promise<Replay> {
  const fixture = await readFixture(file)
  const times = [...fixture.times, ...(fixture.times.length === 0 ? [fixture.recorded] : [])]
  const scrubber = new Scrubber()
  const clean = (text: string): string => scrubber.scrub(text)
  const answers = new Answers(file, fixture.exchanges)
  return {
    world: {
      fetch: replayFetch(answers, clean),
      exec: replayExec(answers, clean),
      now: () => Date.parse((times.length > 1 ? times.shift() : times[0]) as string),
      secret(name) {
        const value = Object.hasOwn(fixture.secrets, name) ? (fixture.secrets[name] as string) : placeholder(name)
        scrubber.learn(value)
        return value
      },
    },
    missing: answers.missing,
  }
}

/** The exchanges of a fixture, found by what was asked. */
class Answers {
  readonly missing: TidingsError[] = []
  readonly #file: string
  readonly #exchanges: readonly Exchange[]
  readonly #exact = new Map<string, Exchange[]>()
  readonly #loose = new Map<string, Exchange[]>()

  constructor(file: string, exchanges: readonly Exchange[]) {
    this.#file = file
    this.#exchanges = exchanges
    for (const exchange of exchanges) {
      const [exact, loose] = keysOf(askedOf(exchange))
      for (const [map, key] of [
        [this.#exact, exact],
        [this.#loose, loose],
      ] as const) {
        map.set(key, [...(map.get(key) ?? []), exchange])
      }
    }
  }

  /** @throws TidingsError `TIDINGS_FIXTURE_MISSING` */
  take(asked: FixtureRequest | FixtureProgram): Exchange {
    const [exact, loose] = keysOf(asked)
    const found = this.#exact.get(exact) ?? this.#loose.get(loose)
    if (found !== undefined) return (found.length > 1 ? found.shift() : found[0]) as Exchange
    const words = `the fixture ${this.#file} has no answer to ${wordsOf(asked)}${this.#nearest(asked)}`
    const error = new TidingsError('TIDINGS_FIXTURE_MISSING', words, { details: { file: this.#file, asked } })
    this.missing.push(error)
    throw error
  }

  #nearest(asked: FixtureRequest | FixtureProgram): string {
    const words = wordsOf(asked)
    let best = ''
    let score = -1
    for (const other of this.#exchanges.map(askedOf)) {
      if ('method' in other !== 'method' in asked) continue
      const name = wordsOf(other)
      const shared = name === words ? Number.POSITIVE_INFINITY : sharedStart(name, words)
      if (shared > score)
        [best, score] = [name === words ? `${name}, with other ${differences(asked, other)}` : name, shared]
    }
    if (best === '') return `; it has no ${'method' in asked ? 'requests' : 'programs'}`
    return `; the nearest recorded one is ${best}`
  }
}

function askedOf(exchange: Exchange): FixtureRequest | FixtureProgram {
  return 'program' in exchange ? exchange.program : exchange.request
}

function wordsOf(asked: FixtureRequest | FixtureProgram): string {
  if ('method' in asked) return `${asked.method} ${asked.url}`
  return `the program ${[asked.file, ...asked.args].map((word) => (/^[\w./:=@-]+$/.test(word) ? word : quote(word))).join(' ')}`
}

function sharedStart(one: string, other: string): number {
  let length = 0
  while (length < one.length && one.charAt(length) === other.charAt(length)) length += 1
  return length
}

function differences(asked: FixtureRequest | FixtureProgram, other: FixtureRequest | FixtureProgram): string {
  const names = ['headers', 'body', 'cwd']
  const of = (one: object, name: string): string => JSON.stringify((one as Record<string, unknown>)[name]) ?? ''
  return names.filter((name) => of(asked, name) !== of(other, name)).join(' and ')
}

function replayFetch(answers: Answers, clean: (text: string) => string): World['fetch'] {
  return async (input, init) => {
    const request = new Request(input, init)
    const { signal } = request
    signal.throwIfAborted()
    const asked = fixtureRequest(request, await readRequest(request), clean)
    signal.throwIfAborted()
    const exchange = answers.take(asked)
    if ('failure' in exchange) throw errorOf(exchange.failure)
    return responseOf((exchange as { readonly response: FixtureResponse }).response, request)
  }
}

// A failure of `fetch` is a TypeError whose cause has the code.
function errorOf({ message, cause }: FixtureFailure): TypeError {
  if (cause === undefined) return new TypeError(message)
  return new TypeError(message, { cause: Object.assign(new Error(cause.message), defined({ code: cause.code })) })
}

function responseOf({ status, statusText, url, headers, body, broken }: FixtureResponse, request: Request): Response {
  const isEmpty = [204, 205, 304].includes(status)
  const response = new Response(isEmpty ? null : streamOf(bytesOf(body), broken, request.signal), {
    status,
    statusText: statusText ?? '',
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  })
  Object.defineProperty(response, 'url', { value: (url ?? request.url).replace(/#.*$/s, '') })
  return Object.defineProperty(response, 'redirected', { value: url !== undefined })
}

function streamOf(
  bytes: Uint8Array<ArrayBuffer>,
  broken: FixtureFailure | undefined,
  signal: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let sent = false
  return new ReadableStream(
    {
      pull(controller) {
        if (signal.aborted) throw signal.reason
        if (!sent && bytes.byteLength > 0) controller.enqueue(bytes)
        else if (broken === undefined) controller.close()
        else throw errorOf(broken)
        sent = true
      },
    },
    { highWaterMark: 0 },
  )
}

function replayExec(answers: Answers, clean: (text: string) => string): Exec {
  return async (file, args, options = {}) => {
    options.signal?.throwIfAborted()
    const exchange = answers.take(fixtureProgram(file, args, options.cwd, clean))
    const { exit, stdout = '', stderr, error } = (exchange as Extract<Exchange, { readonly program: unknown }>).result
    if (error === undefined) return { stdout: plainText(stdout), stderr: plainText(stderr) }
    const details = { file, exitCode: exit, stderr: plainText(stderr) }
    throw new TidingsError('TIDINGS_EXEC_FAILED', error, { details })
  }
}
