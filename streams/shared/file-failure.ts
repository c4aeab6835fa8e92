import { Park, TidingsError } from '../../lib/index.ts'

/** What a second attempt would not change, in words. */
const permanent: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EEXIST: 'a folder on the way is a file',
  EISDIR: 'it is a directory',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENOTDIR: 'a folder on the way is a file',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
}

/**
 * Turns the failure of a handler that writes a file into what happens next: `Park` where a second attempt would fail as
 * well, otherwise (a full disk, a busy file) an ordinary failure, `TIDINGS_FILE_FAILED`, so the listener's backoff applies.
 * An error that is not the file system's stays as it is.
 *
 * @param who names the handler: `'file.append'`
 */
export function fileFailure(who: string, path: string, cause: unknown): unknown {
  const { code, syscall, path: where = path } = cause as NodeJS.ErrnoException
  if (typeof code !== 'string' || typeof syscall !== 'string') return cause
  const reason = permanent[code]
  if (reason !== undefined) return new Park(`${who}: cannot write ${path}: ${reason} (${code}, ${where})`, { cause })
  const words = `${who}: cannot write ${path}: ${(cause as Error).message}`
  return new TidingsError('TIDINGS_FILE_FAILED', words, { cause, details: { path, code } })
}
