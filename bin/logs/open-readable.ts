import { openExisting } from '../../lib/cli.ts'
import { type LevelLog, type Log, type LogOptions, openLog, TidingsError } from '../../lib/index.ts'
import { isPostgres } from '../../lib/log-places.ts'

/** Opens a log that exists, in a folder or in PostgreSQL. */
export async function openPlace(place: string, options: LogOptions): Promise<Log> {
  return isPostgres(place) ? openExisting(place, options) : openReadable(place, options)
}

/** Opens a log in a folder, read-only if that can't be written or belongs to another user. */
export async function openReadable(directory: string, options: LogOptions): Promise<LevelLog> {
  try {
    return await openLog(directory, options)
  } catch (error) {
    if (!isUnwritable(error)) throw error
    return openLog(directory, { ...options, readOnly: true })
  }
}

function isUnwritable(error: unknown): boolean {
  if (!(error instanceof TidingsError)) return false
  const { code } = (error.cause ?? {}) as { readonly code?: unknown }
  return error.details.owner !== undefined || ['EROFS', 'EACCES', 'EPERM'].includes(String(code))
}
