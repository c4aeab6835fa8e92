import { createHash } from 'node:crypto'
import { lstat, mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { TidingsError } from '../core/errors.ts'

/** In the folder of a log: the socket of the agent that runs on it, or a file that says where that is. */
const NAME = 'agent.sock'

/** The kernel takes no longer path of a socket, in bytes. */
const LONGEST = process.platform === 'linux' ? 107 : 103

/** Where the agent on the log in this directory listens; undefined: none does, as far as can be seen. */
export async function findSocket(directory: string): Promise<string | undefined> {
  const path = join(resolve(directory), NAME)
  const found = await lstat(path).catch(() => undefined)
  if (found?.isFile() !== true) return found?.isSocket() === true ? path : undefined
  return (await readFile(path, 'utf8')).trim()
}

/**
 * Where an agent is to listen: in the folder of its log or, where that path is too long for a socket, in a folder for
 * its owner alone among the temporary ones, and the folder of the log says so.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` when somebody else has that folder
 */
export async function placeSocket(directory: string): Promise<string> {
  const path = join(resolve(directory), NAME)
  if (Buffer.byteLength(path) <= LONGEST) {
    // It may say where the socket was, from when this folder had a longer path.
    if ((await lstat(path).catch(() => undefined))?.isFile()) await rm(path)
    return path
  }
  const folder = join(tmpdir(), `tidings-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`)
  await mkdir(folder, { mode: 0o700 }).catch(() => undefined)
  const { mode, uid } = await lstat(folder).then((found) => (found.isDirectory() ? found : refuse(folder)))
  if ((mode & 0o777) !== 0o700 || uid !== process.getuid?.()) refuse(folder)
  await writeFile(path, `${join(folder, NAME)}\n`, { mode: 0o600 })
  return join(folder, NAME)
}

/** Removes what `placeSocket` made beside the socket, which is gone by itself. */
export async function leaveSocket(directory: string, socket: string): Promise<void> {
  const path = join(resolve(directory), NAME)
  if (socket === path) return
  await rm(path, { force: true })
  await rmdir(dirname(socket)).catch(() => undefined)
}

function refuse(folder: string): never {
  throw new TidingsError('TIDINGS_LOG_INVALID', `${folder} is not a folder for this user alone`, {
    details: { folder },
  })
}
