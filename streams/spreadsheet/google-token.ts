import { type Delivery, Park, TidingsError } from '../../lib/index.ts'
import { describe } from '../../lib/streams.ts'
import { retryOf } from '../shared/http-failure.ts'
import { optionalPackage } from '../shared/optional-package.ts'
import { WHO } from './row.ts'

const SCOPE = 'https://www.googleapis.com/auth/spreadsheets'

/** What a token is asked with. */
type World = Pick<Delivery, 'fetch' | 'signal' | 'secret' | 'now'>

/** Resolves to an access token. It is kept until shortly before it expires, as long as the key stays the same. */
export type GoogleToken = (delivery: World) => Promise<string>

/**
 * Makes tokens for a service account, whose key file (JSON) is a secret.
 *
 * @param secret the name of the secret
 */
export function googleToken(secret: string): GoogleToken {
  let latest: { readonly key: string; readonly ask: (delivery: World) => Promise<string> } | undefined
  return async (delivery) => {
    const key = delivery.secret(secret)
    if (latest?.key !== key) latest = { key, ask: await account(secret, key) }
    return latest.ask(delivery)
  }
}

async function account(secret: string, key: string): Promise<(delivery: World) => Promise<string>> {
  const { JWT } = await optionalPackage(WHO, ['google-auth-library'], () => import('google-auth-library'))
  const { email, privateKey } = keyOf(secret, key)
  let world: World
  // Requests of the library, too, belong to the delivery that waits for them.
  const fetchImplementation: typeof fetch = (input, init) => world.fetch(input, { ...init, signal: world.signal })
  // What fails is tried again by the listener, at the time that Google asks for.
  const transporterOptions = { fetchImplementation, retryConfig: { retry: 0, noResponseRetries: 0 } }
  const client = new JWT({ email, key: privateKey, scopes: [SCOPE], transporterOptions })
  return async (delivery) => {
    world = delivery
    try {
      const { token } = await client.getAccessToken()
      if (typeof token === 'string') return token
    } catch (error) {
      throw refused(secret, error as Refusal, delivery.now())
    }
    throw new TidingsError('TIDINGS_RESPONSE_INVALID', `${WHO}: Google answered without a token`)
  }
}

function keyOf(secret: string, key: string): { readonly email: string; readonly privateKey: string } {
  const words = `${WHO}: the secret ${secret} must be the key file (JSON) of a service account`
  let fields: { readonly client_email?: unknown; readonly private_key?: unknown }
  try {
    fields = Object(JSON.parse(key)) as typeof fields
  } catch {
    // The message would quote the secret.
    throw new Park(`${words}, and it is not JSON`)
  }
  const { client_email: email, private_key: privateKey } = fields
  if (typeof email === 'string' && typeof privateKey === 'string') return { email, privateKey }
  throw new Park(`${words}: expected client_email and private_key, got ${describe(fields)} without them`)
}

/** What the library throws. */
interface Refusal extends Error {
  readonly status?: unknown
  readonly response?: Pick<Response, 'headers'>
}

/** The error of the library is not kept as the cause: it carries the signed request. */
function refused(secret: string, { message, status, response }: Refusal, now: number): Error {
  const why = message === '' ? `it answered ${String(status)}` : message
  const words = `${WHO}: Google gives no token for the account in ${secret}: ${why}`
  if (typeof status !== 'number') return new TidingsError('TIDINGS_HTTP_FAILED', words)
  if (status >= 400 && status < 500 && status !== 429) return new Park(words)
  const failure = new TidingsError('TIDINGS_HTTP_FAILED', words, { details: { status } })
  return (response && retryOf({ status, headers: response.headers }, now, failure)) ?? failure
}
