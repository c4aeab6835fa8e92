import { isAbsolute, relative, resolve } from 'node:path'
import { TidingsError } from '../../core/errors.ts'
import { withoutBoundary } from '../../core/read-call.ts'
import type { FixtureProgram, FixtureRequest } from './fixture.ts'
import { fixtureBody, SECRET, withoutCredentials } from './fixture-body.ts'

/** The headers of a request that select its answer. Others vary with versions of clients, or are credentials. */
const SELECTING = [
  'accept',
  'accept-language',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'range',
]

/** The largest body that a fixture holds, in bytes. */
export const MAX_BODY = 16 * 1024 * 1024

/** Reduces a request to what its answer depends on, without secrets. `clean` removes those that are known. */
export function fixtureRequest(
  { method, url, headers }: Request,
  bytes: Uint8Array,
  clean: (text: string) => string,
): FixtureRequest {
  const selecting = SELECTING.flatMap((name) => {
    const value = headers.get(name)
    return value === null ? [] : [[name, clean(value)] as const]
  })
  const body = fixtureBody(withoutDrawnBoundary(bytes, headers.get('content-type') ?? ''), clean)
  return {
    method,
    url: withoutCredentials(clean(url.replace(/#.*$/s, ''))),
    ...(selecting.length === 0 ? {} : { headers: Object.fromEntries(selecting) }),
    ...(body === undefined ? {} : { body }),
  }
}

/** Describes a program without secrets. Directories are relative, so that a fixture works in any clone. */
export function fixtureProgram(
  file: string,
  args: readonly string[],
  cwd: string | undefined,
  clean: (text: string) => string,
): FixtureProgram {
  const here = cwd === undefined ? '' : relative(process.cwd(), resolve(cwd))
  const where = isAbsolute(here) ? here : here.replaceAll('\\', '/')
  return { file: clean(file), args: args.map(clean), ...(where === '' ? {} : { cwd: clean(where) }) }
}

/** A UUID: most are made for one request, such as `delivery.key` of a log that is new. */
const UUID = /[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/gi

/** A secret, with the characters beside it that are base64 of its first and last bytes too. */
const BASE64_EDGES = /[\w+/=-]{0,4}\[secret\][\w+/=-]{0,4}/g

/** The text by which equal requests are found: exactly, or whatever UUIDs they have and secrets they had. */
export function keysOf(asked: FixtureRequest | FixtureProgram): readonly [exact: string, loose: string] {
  const exact = JSON.stringify(
    'method' in asked
      ? [asked.method, asked.url, asked.headers ?? {}, asked.body ?? null]
      : [asked.file, asked.args, asked.cwd ?? ''],
  )
  return [exact, exact.replaceAll(UUID, 'UUID').replaceAll(BASE64_EDGES, SECRET)]
}

/**
 * Reads the body of a request.
 *
 * @throws TidingsError `TIDINGS_FIXTURE_INVALID` when it is too large
 */
export async function readRequest(request: Request): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += part.byteLength
    if (size > MAX_BODY) throw tooLarge(`the body of ${request.method} ${request.url.replace(/[?#].*$/s, '')}`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** The error of a body that is too large for a fixture. */
export function tooLarge(what: string): TidingsError {
  return new TidingsError(
    'TIDINGS_FIXTURE_INVALID',
    `${what} is too large for a fixture: more than ${MAX_BODY >> 20} MiB`,
  )
}

function withoutDrawnBoundary(bytes: Uint8Array, type: string): Uint8Array {
  return Buffer.from(withoutBoundary(Buffer.from(bytes).toString('latin1'), type), 'latin1')
}
