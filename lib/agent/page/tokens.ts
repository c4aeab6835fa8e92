import { randomBytes, timingSafeEqual } from 'node:crypto'
import { link, lstat, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hash } from '../../core/hash.ts'

/** The length of a token, in bytes. */
const BYTES = 24

/** A token as text. */
const TOKEN = /^[\w-]{32}$/

/** The files in a log's folder that hold its tokens, by the rights that they give. */
const files = { act: 'ui-token', look: 'ui-token-read-only' } as const

/** What a visitor of the page may do: look, or also act. */
export type Rights = keyof typeof files

/** The tokens of an agent's page. */
export interface Tokens {
  /** The token of each right. */
  readonly of: Readonly<Record<Rights, string>>
  /** The name of the cookie: browsers send a cookie to every port of a host, so each agent has its own. */
  readonly cookie: string
  /** The rights of a token; undefined for any other text. Takes the same time whatever the text. */
  rightsOf(text: string): Rights | undefined
}

/**
 * The tokens of the page of the log in this directory: those of before, so that an open page survives a restart. Without
 * a directory, or where nothing can be written, they last as long as this process.
 */
export async function tokensIn(directory: string | undefined): Promise<Tokens> {
  const tokenOf = async (rights: Rights): Promise<string> =>
    directory === undefined ? newToken() : storedToken(join(directory, files[rights]))
  const of = { act: await tokenOf('act'), look: await tokenOf('look') }
  const digests = { act: hash(of.act), look: hash(of.look) }
  return {
    of,
    cookie: `tidings-${digests.act.toString('hex').slice(0, 12)}`,
    rightsOf(text) {
      // Digests are of one length, so the comparison does not reveal that of the token.
      const given = hash(text)
      const [act, look] = [timingSafeEqual(given, digests.act), timingSafeEqual(given, digests.look)]
      return act ? 'act' : look ? 'look' : undefined
    },
  }
}

function newToken(): string {
  return randomBytes(BYTES).toString('base64url')
}

async function storedToken(path: string): Promise<string> {
  const token = newToken()
  const draft = `${path}.${process.pid}`
  try {
    for (;;) {
      const known = await readToken(path)
      if (known !== undefined) return known
      await rm(path, { recursive: true, force: true })
      await writeFile(draft, `${token}\n`, { mode: 0o600 })
      // Unlike a rename, a link never replaces the token of another process.
      await link(draft, path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      })
    }
  } catch {
    return token
  } finally {
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

/** Reads a token; undefined if it is missing, or if others may have read or written it. */
async function readToken(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isFile() !== true || (found.mode & 0o077) !== 0) return undefined
  if (process.getuid !== undefined && found.uid !== process.getuid()) return undefined
  const text = (await readFile(path, 'utf8')).trim()
  return TOKEN.test(text) ? text : undefined
}
