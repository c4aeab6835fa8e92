import { asError, TidingsError } from '../../core/errors.ts'

type Reads = Record<string, (...args: unknown[]) => unknown>

/** LevelDB's words for a table that is damaged or cut off. */
const UNREADABLE = /corrupt|invalid argument|no such file/i

/** Makes every read of this database report damage as `TIDINGS_LOG_DAMAGED` instead of LevelDB's own errors. */
export function translateReadErrors(db: object): void {
  for (const name of ['get', 'getMany', 'getSync']) translate(db, name)
  for (const name of ['iterator', 'keys']) {
    const reads = db as Reads
    const begin = reads[name]?.bind(db) as Reads[string]
    reads[name] = (...args) => {
      const iterator = begin(...args)
      for (const step of ['next', 'nextv', 'all']) translate(iterator as object, step)
      return iterator
    }
  }
}

function translate(on: object, name: string): void {
  const reads = on as Reads
  const read = reads[name]?.bind(on) as Reads[string]
  reads[name] = (...args) => {
    try {
      const result = read(...args)
      return result instanceof Promise ? result.catch(fail) : result
    } catch (error) {
      return fail(error)
    }
  }
}

function fail(cause: unknown): never {
  const { message, code } = asError(cause) as NodeJS.ErrnoException
  if ((code !== 'LEVEL_CORRUPTION' && code !== 'LEVEL_IO_ERROR') || !UNREADABLE.test(message)) throw cause
  throw new TidingsError('TIDINGS_LOG_DAMAGED', `a part of the store can't be read: ${message}`, { cause })
}
