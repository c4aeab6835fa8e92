import { asError, TidingsError } from '../../core/errors.ts'

type Reads = Record<string, (...args: unknown[]) => unknown>

/** What LevelDB says of a table that is not as it was written, and of one that was cut off. */
const UNREADABLE = /corrupt|invalid argument|no such file/i

/** What LevelDB finds damaged it tells whoever reads, in its own words: these become ours, wherever that is. */
export function translateReadErrors(db: object): void {
  for (const name of ['get', 'getMany', 'getSync']) retell(db, name)
  for (const name of ['iterator', 'keys']) {
    const reads = db as Reads
    const begin = reads[name]?.bind(db) as Reads[string]
    reads[name] = (...args) => {
      const iterator = begin(...args)
      for (const step of ['next', 'nextv', 'all']) retell(iterator as object, step)
      return iterator
    }
  }
}

function retell(on: object, name: string): void {
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
