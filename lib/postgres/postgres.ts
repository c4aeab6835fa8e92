// All of a log in PostgreSQL that others import. They load it when an address asks for it, as one.

export { wholeConsumers } from '../log/copy/whole-consumers.ts'
export { examinePostgres } from './examine.ts'
export { initPostgres, initSql } from './make-log.ts'
export { openExistingPostgres, openPostgres } from './open-postgres.ts'
export { makePostgres, readPostgres } from './portable-log.ts'
