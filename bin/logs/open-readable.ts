import { type LevelLog, type LogOptions, openLog, TidingsError } from '../../lib/index.ts'

/** Opens a log, read-only if its folder can't be written or belongs to another user. */
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
