import { randomBytes, timingSafeEqual } from 'node:crypto'
import { link, lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { realPause } from '../../core/clock.ts'
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
  // A name of its own, which does not reveal the token.
  const own = `${path}.${hash(token).toString('hex').slice(0, 16)}`
  try {
    for (let attempt = 0; ; attempt++) {
      const known = await readToken(path)
      if (known !== undefined) return known
      if (attempt === 0) await writeFile(own, `${token}\n`, { mode: 0o600, flag: 'wx' })
      else await removeUnusable(path, attempt)
      // Unlike a rename, a link never replaces the token of another process.
      await unlessThere(link(own, path))
    }
  } catch {
    return token
  } finally {
    await rm(own, { force: true }).catch(() => undefined)
  }
}

/** How often one process waits for another that replaces a token, and for how long at a time, in ms. */
const PATIENCE = { attempts: 100, pause: 10 }

// Only the process that makes the folder removes something, and never a token: so all processes find the same one.
async function removeUnusable(path: string, attempt: number): Promise<void> {
  const turn = `${path}.replacing`
  const isOurs = await unlessThere(mkdir(turn))
  // One that died here holds up the others for a second.
  if (!isOurs && attempt < PATIENCE.attempts) return realPause(PATIENCE.pause)
  try {
    if ((await readToken(path)) === undefined) await rm(path, { recursive: true, force: true })
  } finally {
    await rm(turn, { recursive: true, force: true })
  }
}

// Resolves to whether it was made, rather than there already.
async function unlessThere(making: Promise<void>): Promise<boolean> {
  return making.then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
}

/** Reads a token; undefined if it is missing, or if others may have read or written it. */
async function readToken(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isFile() !== true || (found.mode & 0o077) !== 0) return undefined
  if (process.getuid !== undefined && found.uid !== process.getuid()) return undefined
  const text = (await readFile(path, 'utf8')).trim()
  return TOKEN.test(text) ? text : undefined
}
