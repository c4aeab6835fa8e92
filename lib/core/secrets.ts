import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, quote, TidingsError } from './errors.ts'
import { Scrubber } from './scrubber.ts'

/** Finds secrets, and removes those that it has handed out from any output. */
export interface Secrets {
  /**
   * Returns the value of a secret: environment `NAME`, else the file named by `NAME_FILE`, else
   * `$CREDENTIALS_DIRECTORY/NAME` or `tidings_NAME` there, else `NAME` in `.tidings/credentials.json`. A line break at its end is removed.
   *
   * @throws TidingsError `TIDINGS_SECRET_MISSING`
   */
  readonly secret: (name: string) => string
  /** Replaces every secret that was handed out by `[secret]`: plain, or in JSON, a URL, HTML, base64 or hex. */
  readonly scrub: (text: string) => string
}

/** The secrets of this process. */
export interface ProcessSecrets extends Secrets {
  /**
   * Returns the number of characters at the end of a text that may be the beginning of a secret, if more text follows:
   * they can't be printed yet.
   */
  readonly partialAtEnd: (text: string) => number
  /** Looks each secret up again when it is next asked for. Values that were handed out are still removed from output. */
  readonly refresh: () => void
}

/** Finds the secrets of this process, in its environment and in the files of a directory (default the working directory). */
export function processSecrets(
  env: NodeJS.ProcessEnv = process.env,
  directory: string = process.cwd(),
): ProcessSecrets {
  const known = new Map<string, string>()
  const learned = new Set<string>()
  const scrubber = new Scrubber()
  const find = (name: string): string | undefined => {
    const set = (variable: string): string | undefined =>
      (Object.hasOwn(env, variable) ? env[variable] : undefined) || undefined
    const value = set(name)
    if (value !== undefined) return value
    const file = set(`${name}_FILE`)
    if (file !== undefined) return read(file)
    const credentials = set('CREDENTIALS_DIRECTORY')
    // systemd puts the name of a folder before those of the files in it: LoadCredential=tidings:/etc/tidings/home.
    const inFolder = (file: string): string | undefined =>
      credentials === undefined ? undefined : read(join(credentials, file))
    return inFolder(name) ?? inFolder(`tidings_${name}`) ?? fromJson(directory, name)
  }
  return {
    secret(name) {
      if (typeof name !== 'string' || !/^\w+$/.test(name))
        throw missing(name, `${describe(name)} is not the name of a secret`)
      const value = known.get(name) ?? find(name)?.replace(/\r?\n$/, '')
      if (value === undefined || value === '') {
        const places = `environment ${name}, the file named by ${name}_FILE, $CREDENTIALS_DIRECTORY/${name}, .tidings/credentials.json`
        throw missing(name, `the secret ${quote(name)} was not found; looked in ${places}`)
      }
      if (!learned.has(value)) scrubber.learn(value)
      learned.add(value)
      known.set(name, value)
      return value
    },
    scrub: (text) => scrubber.scrub(text),
    partialAtEnd: (text) => scrubber.partialAtEnd(text),
    refresh: () => known.clear(),
  }
}

/** Returns the secrets of a world, those of `base` where it has none of its own; both are removed from outputs. */
export function secretsOf(world: { readonly secret?: Secrets['secret'] } | undefined, base: Secrets): Secrets {
  if (world?.secret === undefined) return base
  const scrubber = new Scrubber()
  return {
    secret(name) {
      const value = world.secret?.(name) ?? base.secret(name)
      scrubber.learn(value)
      return value
    },
    scrub: (text) => scrubber.scrub(base.scrub(text)),
  }
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
  const values = parsed(text)
  const value = Object.hasOwn(values, name) ? values[name as keyof object] : undefined
  return typeof value === 'string' ? value : undefined
}

// The error of JSON.parse would quote the text, which is full of secrets.
function parsed(text: string): object {
  try {
    return (JSON.parse(text) as object | null) ?? {}
  } catch {
    throw missing('.tidings/credentials.json', 'the file .tidings/credentials.json is not JSON')
  }
}

function missing(name: unknown, message: string): TidingsError {
  return new TidingsError('TIDINGS_SECRET_MISSING', message, { details: { name } })
}
