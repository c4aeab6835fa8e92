import { createHmac, timingSafeEqual } from 'node:crypto'
import type { JsonValue } from '../../lib/index.ts'
import type { Arrived } from './endpoint.ts'

/** A webhook that arrived, before it is trusted. */
export interface HookRequest {
  /** The headers by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as it came: signatures are made over these bytes. */
  readonly body: Buffer
  /** The values of the stream's secrets, in their order; empty without any. */
  readonly secrets: readonly string[]
  /** The time in ms since the epoch, by the clock of the run. */
  now(): number
  /**
   * Whether `signature` is the HMAC-SHA256 of `content` under one of the secrets, compared in constant time.
   *
   * @param signature as text in the encoding
   * @param content default the body; several parts are joined
   * @param encoding default `hex`, in lower case
   */
  verify(
    signature: string | undefined,
    content?: string | Buffer | readonly (string | Buffer)[],
    encoding?: 'hex' | 'base64',
  ): boolean
  /** The body as JSON. The sender gets a 400 if it is something else. */
  json(): JsonValue
}

/** What a webhook is, once it is trusted. */
export interface HookVerdict {
  /** The sender's identifier of the happening, the same when it sends it again. */
  readonly identifier: string
  /** The name of what happened; default none. */
  readonly event?: string | undefined
  /** When it was sent, ISO 8601 in UTC, if that is signed; default none. */
  readonly sent?: string | undefined
  /** What is published; default the body as JSON. */
  readonly body?: JsonValue | undefined
  /** Headers to publish, by their names in lower case; default `content-type` and `user-agent`. */
  readonly headers?: readonly string[] | undefined
}

/** Verifies a webhook. Undefined: it is not accepted, and the sender gets a 401. */
export type HookSource = (
  request: HookRequest,
) => HookVerdict | undefined | null | false | Promise<HookVerdict | undefined | null | false>

/** A webhook that is not accepted. `why` is logged; the sender sees it only if its signature was right. */
export class Refused extends Error {
  readonly status: number

  constructor(status: 400 | 401 | 413, why: string) {
    super(why)
    this.status = status
  }
}

/** The deepest nesting of a body; the log takes 1000 levels. */
const DEEPEST = 500

/** Makes what a source verifies. `keys` are the HMAC keys of the secrets. */
export function hookRequest(
  { headers, body }: Arrived,
  keys: readonly Buffer[],
  { secrets, now }: Pick<HookRequest, 'secrets' | 'now'>,
): HookRequest {
  return {
    headers: Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
    ),
    body,
    secrets,
    now,
    verify(signature, content = body, encoding = 'hex') {
      const given = Buffer.from(signature ?? '')
      // Each key is tried, so that the time does not tell which one fits.
      const fits = keys.map((key) => {
        const hmac = createHmac('sha256', key)
        for (const part of [content].flat() as readonly (string | Buffer)[]) hmac.update(part)
        const expected = Buffer.from(hmac.digest(encoding))
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
      return fits.includes(true)
    },
    json: () => parseJson(body),
  }
}

/** @throws Refused 400 when the bytes are not JSON that the log can keep */
export function parseJson(bytes: Buffer | string): JsonValue {
  let value: JsonValue
  try {
    const text = typeof bytes === 'string' ? bytes : new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = JSON.parse(text) as JsonValue
  } catch {
    // The message of JSON.parse would quote the body.
    throw new Refused(400, 'the body is not JSON')
  }
  if (!isStorable(value, DEEPEST)) {
    throw new Refused(400, `the body has more than ${DEEPEST} levels or a number beyond 1.8e308`)
  }
  return value
}

// JSON.parse reads 1e999 as Infinity.
function isStorable(value: JsonValue, levels: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((one) => isStorable(one, levels - 1))
}
