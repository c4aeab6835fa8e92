/**
 * Where the engine says what happens: fields first, then words, as pino has it. A pino logger fits as it is.
 */
export interface Logger {
  debug(fields: object, words: string): void
  info(fields: object, words: string): void
  warn(fields: object, words: string): void
  error(fields: object, words: string): void
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

/** For pipelines without an agent: warnings and errors go to standard error, the rest nowhere. */
export const standardErrorLogger: Logger = {
  ...silentLogger,
  warn: (fields, words) => console.error(words, fields),
  error: (fields, words) => console.error(words, fields),
}
