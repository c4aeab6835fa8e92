import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, quote, TidingsError } from './errors.ts'

/** Shorter values are not scrubbed: they would blot out ordinary words. */
const SHORTEST = 4

/** Where secrets are looked for, and what is known of them, so that they can be kept out of every output. */
export interface Secrets {
  /**
   * The value of a secret: environment `NAME`, else the file named by `NAME_FILE`, else `$CREDENTIALS_DIRECTORY/NAME`,
   * else `NAME` in `.tidings/credentials.json`. A line break at its end is not part of it.
   *
   * @throws TidingsError `TIDINGS_SECRET_MISSING`
   */
  readonly secret: (name: string) => string
  /** The text, with every value that was handed out replaced. */
  readonly scrub: (text: string) => string
}

/** Secrets as this process finds them. */
export function processSecrets(env: NodeJS.ProcessEnv = process.env, directory: string = process.cwd()): Secrets {
  const known = new Map<string, string>()
  const find = (name: string): string | undefined => {
    if (env[name] !== undefined && env[name] !== '') return env[name]
    const file = env[`${name}_FILE`]
    if (file !== undefined) return read(file)
    const credentials = env.CREDENTIALS_DIRECTORY
    return (credentials === undefined ? undefined : read(join(credentials, name))) ?? fromJson(directory, name)
  }
  return {
    secret(name) {
      if (typeof name !== 'string' || !/^\w+$/.test(name)) throw missing(name, `${describe(name)} is not the name of a secret`)
      const value = known.get(name) ?? find(name)?.replace(/\r?\n$/, '')
      if (value === undefined || value === '') {
        const places = `environment ${name}, the file named by ${name}_FILE, $CREDENTIALS_DIRECTORY/${name}, .tidings/credentials.json`
        throw missing(name, `the secret ${quote(name)} is in none of its places: ${places}`)
      }
      known.set(name, value)
      return value
    },
    scrub: (text) => scrub(text, known.values()),
  }
}

function scrub(text: string, values: Iterable<string>): string {
  let scrubbed = text
  for (const value of values) {
    if (value.length < SHORTEST) continue
    // As it is, and as it stands in JSON.
    for (const form of new Set([value, JSON.stringify(value).slice(1, -1)])) scrubbed = scrubbed.split(form).join('[secret]')
  }
  return scrubbed
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function fromJson(directory: string, name: string): string | undefined {
  const text = read(join(directory, '.tidings', 'credentials.json'))
  if (text === undefined) return undefined
  const values = JSON.parse(text) as Record<string, unknown>
  const value = Object.hasOwn(values, name) ? values[name] : undefined
  return typeof value === 'string' ? value : undefined
}

function missing(name: unknown, message: string): TidingsError {
  return new TidingsError('TIDINGS_SECRET_MISSING', message, { details: { name } })
}
