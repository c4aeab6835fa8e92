import { lstat, mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { TidingsError } from '../../core/errors.ts'
import { hash } from '../../core/hash.ts'

/** In a log's folder: the socket of the agent that runs on the log, or a file with the socket's path. */
const NAME = 'agent.sock'

/** The longest socket path that the kernel accepts, in bytes. */
const LONGEST = process.platform === 'linux' ? 107 : 103

/** The socket of the agent on the log in this directory; undefined if there is no visible one. */
export async function findSocket(directory: string): Promise<string | undefined> {
  const path = join(resolve(directory), NAME)
  const found = await lstat(path).catch(() => undefined)
  if (found?.isFile() !== true) return found?.isSocket() === true ? path : undefined
  return (await readFile(path, 'utf8')).trim()
}

/**
 * Chooses the path of an agent's socket: in the folder of its log or, if that path is too long for a socket, in a
 * temporary folder for its owner alone; then a file in the log's folder points to it. Removes the socket of a process
 * that has died.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` when that temporary folder is not for this user alone, or when another
 *   process answers on the socket
 */
export async function placeSocket(directory: string): Promise<string> {
  const path = await choosePath(directory)
  await clear(path)
  return path
}

async function choosePath(directory: string): Promise<string> {
  const path = join(resolve(directory), NAME)
  if (Buffer.byteLength(path) <= LONGEST) {
    // A pointer file remains if this folder used to have a longer path.
    if ((await lstat(path).catch(() => undefined))?.isFile()) await rm(path)
    return path
  }
  const folder = join(tmpdir(), `tidings-${hash(path).toString('hex').slice(0, 16)}`)
  await mkdir(folder, { mode: 0o700 }).catch(() => undefined)
  const { mode, uid } = await lstat(folder).then((found) => (found.isDirectory() ? found : refuse(folder)))
  if ((mode & 0o777) !== 0o700 || uid !== process.getuid?.()) refuse(folder)
  await writeFile(path, `${join(folder, NAME)}\n`, { mode: 0o600 })
  return join(folder, NAME)
}

/** Removes what `placeSocket` made besides the socket, which disappears by itself. */
export async function leaveSocket(directory: string, socket: string): Promise<void> {
  const path = join(resolve(directory), NAME)
  if (socket === path) return
  await rm(path, { force: true })
  await rmdir(dirname(socket)).catch(() => undefined)
}

// A socket file outlives its process. Removes it only if nothing answers on it.
async function clear(path: string): Promise<void> {
  const code = await new Promise<string | undefined>((done) => {
    const socket = connect(path)
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'unknown'))
    socket.once('connect', () => {
      socket.destroy()
      done(undefined)
    })
  })
  if (code === 'ENOENT') return
  if (code === 'ECONNREFUSED') return rm(path, { force: true })
  const why = code === undefined ? 'another process listens there' : code
  throw new TidingsError('TIDINGS_LOG_INVALID', `${path} can't be the socket of this agent: ${why}`)
}

function refuse(folder: string): never {
  throw new TidingsError('TIDINGS_LOG_INVALID', `${folder} is not a folder for this user alone`, {
    details: { folder },
  })
}
